// The ops of fine-tuning methods as they are launched on GPUs: many lanes a row, and sums over them. As on processors, `gradcheck` runs them.
import { parseCase } from '../../src/conformance/case.ts';
import { gradcheckCases } from '../../src/conformance/gradcheck.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('ops of fine-tuning methods on GPUs');

const onGpu = async () => {
  const device = await testDevice();
  return { ...device, target: { ...device.target, kind: 'gpu' as const } };
};

for (const op of [
  ...['class_contrast', 'feature_distance', 'focal_sup_con', 'mix_rows', 'small_singular_values', 'triplet'],
])
  test(op, async () => {
    const device = await onGpu();
    for (const golden of gradcheckCases(op))
      for await (const { failures } of runCase(device, golden)) {
        assert.equal(failures, [], golden.name);
        // Candidates of matrix products have tests of their own.
        break;
      }
  });

for (const name of ['methods/method_bss-02', 'methods/method_noisy_tune-00', 'methods/method_l2_sp-01'])
  test(name, async () => {
    const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
    for await (const { failures } of runCase(await onGpu(), golden)) assert.equal(failures, []);
  });

test.run();
