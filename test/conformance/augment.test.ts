import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { goldenCases, goldenOps } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('golden augmentation');

for (const op of goldenOps.filter((kind) => kind.startsWith('augment/')))
  test(`${op} is as its definition and Pillow have it`, async () => {
    for (const name of goldenCases(op)) {
      const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
      for await (const { failures } of runCase(await testDevice(), golden)) assert.equal(failures, [], name);
    }
  });

test.run();
