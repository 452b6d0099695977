import { attention } from '../../src/ops/attention.ts';
import { type BatchNormOptions, batchNorm } from '../../src/ops/batch_norm.ts';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.ts';
import { crossEntropy } from '../../src/ops/cross_entropy.ts';
import { scale } from '../../src/ops/elementwise.ts';
import { l2Normalize } from '../../src/ops/l2_normalize.ts';
import { layerNorm } from '../../src/ops/layer_norm.ts';
import { type MaxPool2dOptions, maxPool2d } from '../../src/ops/max_pool2d.ts';
import { weightedSum } from '../../src/ops/reduce.ts';
import { type SupConOptions, supCon } from '../../src/ops/sup_con.ts';
import { createTape, type Tape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('options of ops');

const conv = (options: Conv2dOptions) => (tape: Tape) =>
  conv2d(tape, tape.input('x', [1, 8, 8, 4]), tape.input('weight', [3, 3, 4, 4]), undefined, options);
const pool = (options: Partial<MaxPool2dOptions>) => (tape: Tape) =>
  maxPool2d(tape, tape.input('x', [1, 8, 8, 4]), { kernel: [3, 3], ...options });
const norm = (options: Partial<BatchNormOptions>) => (tape: Tape) => {
  const channel = (name: string) => tape.input(name, [4]);
  const [weight, bias, running_mean, running_var] = [channel('w'), channel('b'), channel('m'), channel('v')];
  return batchNorm(
    tape,
    tape.input('x', [8, 4]),
    { weight, bias, running_mean, running_var },
    { training: true, ...options },
  );
};
const contrast = (options: Partial<SupConOptions>) => (tape: Tape) =>
  supCon(tape, tape.input('z', [4, 8]), tape.input('labels', [4], 'i32'), { temperature: 1, ...options });

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** Each option with what it may be and what it may not. */
const OPTIONS: readonly {
  readonly name: string;
  readonly launch: (value: never) => (tape: Tape) => unknown;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}[] = [
  {
    name: 'attention: scale',
    launch: (scale: number) => (tape) => {
      const q = tape.input('q', [1, 1, 4, 4]);
      return attention(tape, q, q, q, { scale });
    },
    good: [0.5, -1],
    bad: [nan, infinity],
  },
  {
    name: 'batch_norm: momentum',
    launch: (momentum: number) => norm({ momentum }),
    good: [0, 0.1, 1],
    bad: [-0.1, 1.5, nan],
  },
  { name: 'batch_norm: eps', launch: (eps: number) => norm({ eps }), good: [0, 1e-3], bad: [-1e-5, nan, infinity] },
  {
    name: 'conv2d: stride',
    launch: (stride: [number, number]) => conv({ stride }),
    good: [[1, 2]],
    bad: [[0, 1], [1, 0], [1.5, 1], [-1, 1], [nan, 1], [1], 2],
  },
  {
    name: 'conv2d: padding',
    launch: (padding: [number, number]) => conv({ padding }),
    good: [[0, 3]],
    bad: [[-1, 0], [0, 0.5], [nan, 0], 1],
  },
  {
    name: 'conv2d: dilation',
    launch: (dilation: [number, number]) => conv({ dilation }),
    good: [[2, 1]],
    bad: [[0, 1], [1, 1.5], [1, -2], 2],
  },
  {
    name: 'conv2d: groups',
    launch: (groups: number) => (tape) =>
      conv2d(tape, tape.input('x', [1, 8, 8, 4]), tape.input('weight', [3, 3, 4, 4]), undefined, {
        groups,
      }),
    good: [1],
    bad: [0, nan, -1, 1.5],
  },
  {
    name: 'cross_entropy: label_smoothing',
    launch: (label_smoothing: number) => (tape) =>
      crossEntropy(tape, tape.input('logits', [2, 3]), tape.input('target', [2], 'i32'), { label_smoothing }),
    good: [0, 0.1, 1],
    bad: [2, -1, nan],
  },
  {
    name: 'l2_normalize: eps',
    launch: (eps: number) => (tape) => l2Normalize(tape, tape.input('x', [2, 4]), { eps }),
    good: [0, 1e-12],
    bad: [-1, nan],
  },
  {
    name: 'layer_norm: eps',
    launch: (eps: number) => (tape) =>
      layerNorm(tape, tape.input('x', [2, 4]), { weight: tape.input('w', [4]), bias: tape.input('b', [4]) }, { eps }),
    good: [0, 1e-6],
    bad: [-1, nan],
  },
  {
    name: 'max_pool2d: kernel',
    launch: (kernel: [number, number]) => pool({ kernel }),
    good: [[2, 1]],
    bad: [[0, 1], [1, 2.5], [nan, 1], 3],
  },
  {
    name: 'max_pool2d: stride',
    launch: (stride: [number, number]) => pool({ stride }),
    good: [[1, 4]],
    bad: [[0, 1], [1, -1], [1.5, 1], 2],
  },
  {
    name: 'max_pool2d: padding',
    launch: (padding: [number, number]) => pool({ padding }),
    good: [
      [0, 0],
      [2, 1],
    ],
    bad: [[3, 0], [0, 3], [-1, 0], [0.5, 0], 1],
  },
  {
    name: 'scale: factor',
    launch: (factor: number) => (tape) => scale(tape, tape.input('x', [4]), factor),
    good: [0, -2],
    bad: [nan, infinity, undefined],
  },
  {
    name: 'weighted_sum: the factor of term 0',
    launch: (factor: number) => (tape) => weightedSum(tape, [[tape.input('x', [1]), factor]]),
    good: [0, -2],
    bad: [nan, infinity],
  },
  {
    name: 'supCon: temperature',
    launch: (temperature: number) => contrast({ temperature }),
    good: [0.1],
    bad: [0, -1, nan, infinity],
  },
  {
    name: 'supCon: base_temperature',
    launch: (base_temperature: number) => contrast({ base_temperature }),
    good: [0.1],
    bad: [0, -1, nan],
  },
  {
    name: 'supCon: strip_rows',
    launch: (strip_rows: number) => contrast({ strip_rows }),
    good: [4, 8],
    bad: [0, 6, -4, nan, infinity],
  },
  {
    name: 'supCon: variant',
    launch: (variant: never) => contrast({ variant }),
    good: ['paper', 'paper-valid', 'official', 'sup_contrast'],
    bad: ['papers'],
  },
];

for (const { name, launch, good, bad } of OPTIONS)
  test(`${name} is refused where it cannot be, in one sentence`, async () => {
    const { target } = await testDevice();
    const run = (value: unknown) => launch(value as never)(createTape(target));
    for (const value of good) run(value);
    for (const value of bad)
      assert.throws(
        () => run(value),
        new RegExp(`^${name}(\\[[01]\\])? is \\S.*, but it must be [^.]+(\\.\\d+)?\\.$`),
        `${name} of ${value}`,
      );
  });

test('a shape is refused where it cannot be', async () => {
  const tape = createTape((await testDevice()).target);
  for (const shape of [[0], [2, -1], [2.5], [Number.NaN]])
    assert.throws(
      () => tape.input('x', shape),
      /^x has shape \[.*\], but sizes must be whole numbers of at least 1\.$/,
    );
  assert.throws(
    () => tape.input('x', [2 ** 20, 2 ** 20]),
    /^x \[1048576, 1048576\] needs 4096\.0 GiB of f32, but a tensor holds at most 4\.$/,
  );
});

test.run();
