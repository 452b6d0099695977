import { type Case, parseCase } from '../../src/conformance/case.ts';
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

/** An operation of RandAugment on a grey image of which Pillow makes another. */
const byHand = (operation: string, height: number, image: number[], want: number[]): Case => {
  const shape = [3, height, image.length / height];
  const planes = (levels: number[]) => [...levels, ...levels, ...levels];
  return {
    ...{ name: operation, op: 'augment_rand_augment', attrs: { operation, level: 5, sign: 1 } },
    ...{ tolerance: { rtol: 0, atol: 0.05, tensors: {} }, upstreams: {}, grads: {} },
    inputs: { image: { dtype: 'U8', shape, data: Uint8Array.from(planes(image)) } },
    outputs: { y: { dtype: 'F32', shape, data: Float32Array.from(planes(want)) } },
  };
};

/** Of 272 pixels those of the largest level leave fewer than 255: then ImageOps.equalize has no step and changes nothing. */
const bright = Array.from({ length: 272 }, (_, i) => (i % 2 === 0 ? 200 : i % 120));

for (const [what, golden] of [
  ['equalize counts all but the largest level', byHand('equalize', 16, bright, bright)],
  ['solarize inverts its threshold, 128 at level 5', byHand('solarize', 1, [127, 128, 129], [127, 127, 126])],
] as const)
  test(`${what}, as ImageOps does`, async () => {
    for await (const { failures } of runCase(await testDevice(), golden)) assert.equal(failures, []);
  });

test.run();
