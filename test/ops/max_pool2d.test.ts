import { evaluate } from '../../src/conformance/evaluate.ts';
import { maxPool2d } from '../../src/ops/max_pool2d.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('max_pool2d');

type Pair = [number, number];

const subject: Subject = {
  op: 'max_pool2d',
  layouts: { x: 'activation', y: 'activation' },
  build:
    ({ kernel, stride, padding }) =>
    (tape, { x }) => ({
      y: maxPool2d(tape, x!, { kernel: kernel as Pair, stride: stride as Pair, padding: padding as Pair }),
    }),
};

for (const candidate of ['vec4', 'scalar']) {
  for (const name of goldenCases('max_pool2d'))
    test(`${name}, ${candidate}`, () => checkGolden(subject, name, candidate));
  for (const [shape, kernel, stride, padding] of [
    [
      [2, 8, 9, 7],
      [3, 2],
      [2, 3],
      [1, 1],
    ],
    [
      [1, 36, 1, 1],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    [
      [2, 4, 1, 5],
      [3, 3],
      [1, 2],
      [1, 1],
    ],
    [
      [2, 4, 7, 9],
      [2, 3],
      [2, 4],
      [1, 1],
    ],
    [
      [1, 4, 6, 6],
      [2, 2],
      [3, 3],
      [0, 0],
    ],
    // Padding of more than half a window, which ONNX allows: windows that hold one pixel of the image or all of it.
    [
      [2, 8, 5, 6],
      [3, 3],
      [1, 2],
      [2, 2],
    ],
    [
      [1, 4, 1, 2],
      [4, 5],
      [3, 1],
      [3, 4],
    ],
  ] as const)
    test(`against float64: [${shape}] kernel [${kernel}] stride [${stride}], ${candidate}`, () =>
      checkReference(subject, { kernel, stride, padding }, { x: noise(shape) }, { candidate, positions: 60 }));

  test(`of equal values the first gets the gradient, ${candidate}`, async () => {
    const x = { shape: [1, 3, 3, 4], data: new Float32Array(36).fill(-2) };
    const upstream = { shape: [1, 2, 2, 4], data: new Float32Array(16).fill(1) };
    const { gradients } = await evaluate(
      await testDevice(),
      (tape, { x }) => ({ y: maxPool2d(tape, x!, { kernel: [2, 2], stride: [1, 1] }) }),
      { x },
      { upstream, candidates: { max_pool2d: candidate } },
    );
    const channel = [...gradients.x!.data].filter((_, i) => i % 4 === 1);
    assert.equal(channel, [1, 1, 0, 1, 1, 0, 0, 0, 0]);
  });
}

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [1, 2, 2, 4]);
  assert.throws(() => maxPool2d(tape, x, { kernel: [3, 3] }), /x has shape \[1, 2, 2, 4\], but the kernel is \[3,3\]/);
  assert.throws(
    () => maxPool2d(tape, x, { kernel: [2, 3], padding: [1, 3] }),
    /^max_pool2d: padding is \[1,3\], but it must be below the kernel, which is \[2,3\]\.$/,
  );
});

test.run();
