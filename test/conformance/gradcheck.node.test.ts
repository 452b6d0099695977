// The checks of "npm run gradcheck", each candidate in its usual tiling: compiling takes most of their time, and the golden
// cases take turns with the tilings. They are among Node's tests because these need many of the same pipelines.
import { gradcheckCases } from '../../src/conformance/gradcheck.ts';
import { problems } from '../../src/conformance/problems.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('gradcheck');

let checks = 0;

for (const op of Object.keys(problems))
  test(
    `${op} with every candidate`,
    async () => {
      const wrong: string[] = [];
      for (const golden of gradcheckCases(op))
        for await (const { variant, failures } of runCase(await testDevice(), golden, { tilings: 'usual' })) {
          checks += 1;
          wrong.push(...failures.map((failure) => `${golden.name} (${variant}): ${failure}`));
        }
      assert.equal(wrong, []);
    },
    { seconds: 600 },
  );

test.after(() => console.log(`${checks} checks of gradients`));
