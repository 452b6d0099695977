// Whole networks and trainings take long, and every runtime runs the same kernels in tests of their own.
import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('a whole network');

for (const name of ['model_resnet18', 'trajectory_coin_paper', 'trajectory_coin_official'])
  test(`${name} is as PyTorch computes it`, async () => {
    const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
    for await (const { failures } of runCase(await testDevice(), golden)) assert.equal(failures, []);
  });

test.run();
