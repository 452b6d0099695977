import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { goldenCases, goldenOps } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('golden cases of methods');

for (const kind of goldenOps.filter((op) => op.startsWith('methods/')))
  for (const name of goldenCases(kind))
    test(name, async () => {
      const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
      for await (const { failures } of runCase(await testDevice(), golden)) assert.equal(failures, []);
    });

test.run();
