// The same kernels as in the trajectory that every runtime runs, with the released code's SupCon and averaged gradients.
import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('a whole training');

test('trajectory_coin_official is as PyTorch computes it', async () => {
  const name = 'trajectory_coin_official';
  const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
  for await (const { failures } of runCase(await testDevice(), golden)) assert.equal(failures, []);
});

test.run();
