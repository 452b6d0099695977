// The checks of "npm run gradcheck". They are among Node's tests because these need many of the same pipelines, and
// compiling takes most of the time of both.
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
        for await (const { variant, failures } of runCase(await testDevice(), golden)) {
          checks += 1;
          wrong.push(...failures.map((failure) => `${golden.name} (${variant}): ${failure}`));
        }
      assert.equal(wrong, []);
    },
    { seconds: 600 },
  );

test.after(() => console.log(`${checks} checks of gradients`));
