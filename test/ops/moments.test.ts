import { compile } from '../../src/gpu/program/program.ts';
import { batchNorm } from '../../src/ops/batch_norm.ts';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.ts';
import { type Choose, createTape, type Tape } from '../../src/tape/tape.ts';
import { elements, type Tensor, variable } from '../../src/tape/tensor.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { noise } from './against.ts';

const test = suite('moments');

type Shape = readonly [number, number, number, number];
type Problem = readonly [x: Shape, weight: Shape, options?: Conv2dOptions];

/** Pixels that fill no tile, or several and part of one; output channels that fill no tile; both kinds of kernels. */
const problems: readonly Problem[] = [
  [[2, 7, 9, 8], [3, 3, 8, 12], { padding: [1, 1] }],
  [[3, 13, 14, 3], [7, 7, 3, 8], { padding: [3, 3], stride: [2, 2] }],
  [
    [3, 11, 13, 8],
    [1, 1, 8, 36],
  ],
  [
    [1, 1, 3, 8],
    [1, 1, 8, 4],
  ],
];

/**
 * Ways to compute the forward pass, the statistics taken on the way where there is a kernel for that. The problems
 * share them.
 */
async function ways(problem: Problem): Promise<string[]> {
  const [x, weight, options] = problem;
  const names = new Set<string>();
  const candidates: Choose = (_op, _problem, ways) => {
    for (const { name } of ways) names.add(name);
    return undefined;
  };
  const tape = createTape((await testDevice()).target, { candidates });
  conv2d(tape, tape.input('x', x), tape.input('weight', weight), undefined, options);
  const turn = problems.indexOf(problem);
  return [...names].filter((_, place) => place % problems.length === turn);
}

const forced =
  (way: string): Choose =>
  (op) =>
    op === 'batch_norm.statistics' ? 'epilogue' : way;

/** `offset` in the first channel's weights, which meet pixels of 1: results about that far from 0 that differ little. */
function values([x, weight]: Problem, offset: number): { x: Float32Array; weight: Float32Array } {
  const [pixels, filter] = [noise(x, 1).data as Float32Array, noise(weight, 2, 0, 0.3).data as Float32Array];
  const [, , channels, outputs] = weight;
  for (let i = 0; i < pixels.length; i += channels) pixels[i] = 1;
  for (let i = 0; i < filter.length; i++) if (Math.floor(i / outputs) % channels === 0) filter[i] = offset;
  return { x: pixels, weight: filter };
}

/** Mean, squared deviations from it and squared distances from the first row of each channel of some rows of y. */
function momentsOf(y: ArrayLike<number>, channels: number, first: number, end: number) {
  return Array.from({ length: channels }, (_, channel) => {
    const column = Array.from({ length: end - first }, (_, row) => y[(first + row) * channels + channel]!);
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const squaresAbout = (center: number) => column.reduce((sum, value) => sum + (value - center) ** 2, 0);
    return { mean, squares: squaresAbout(mean), spread: squaresAbout(column[0]!) };
  });
}

/** What rounding changes at most, relatively. */
const UNIT = 2 ** -24;

const expectWithin = (bound: number, got: number, want: number, what: string) =>
  assert.ok(Math.abs(got - want) <= bound, `${what}: ${got}, not ${want} by ${bound.toExponential(1)}`);

const problemName = ([x, weight]: Problem) => `x [${x}], weight [${weight}]`;

for (const problem of problems)
  test(`${problemName(problem)}: partials of every kernel are the statistics of what it stored`, async () => {
    const device = await testDevice();
    const [x, weight, options] = problem;
    const taken: string[] = [];
    for (const way of await ways(problem)) {
      const tape = createTape(device.target, { candidates: forced(way) });
      const y = conv2d(tape, tape.input('x', x), tape.input('weight', weight), undefined, {
        ...options,
        moments: true,
      });
      if (!y.moments) continue;
      taken.push(way);
      const { partials, chunkRows } = y.moments;
      tape.output('y', y);
      tape.output('partials', partials);
      const program = await compile(device, tape);
      const found = await program.run(values(problem, 1e4), ['y', 'partials']).read();
      const [chunks, , channels] = partials.shape as [number, number, number];
      const rows = elements(y.shape) / channels;
      assert.equal(chunks, Math.ceil(rows / chunkRows));
      for (let chunk = 0; chunk < chunks; chunk++) {
        const last = Math.min((chunk + 1) * chunkRows, rows);
        for (const [channel, want] of momentsOf(found.y!, channels, chunk * chunkRows, last).entries()) {
          const [mean, squares] = [0, 1].map((i) => found.partials![(2 * chunk + i) * channels + channel]!);
          const where = `${way}, chunk ${chunk}, channel ${channel}`;
          // With d the n distances from the first row, which are off by a rounding each, Σ d is off by (n + 1)·UNIT·Σ |d|, and
          // Σ d² and (Σ d)² / n by about n and 2n·UNIT·Σ d². Where the mean lies has no part in that. Means of a few rows, merged,
          // would be rounded to 1e-3 here, and squares off by 2e-3 of themselves.
          const n = last - chunk * chunkRows;
          expectWithin(
            UNIT * (Math.abs(want.mean) + (n + 8) * Math.sqrt(want.spread / n)),
            mean!,
            want.mean,
            `mean of ${where}`,
          );
          expectWithin(4 * (n + 4) * UNIT * want.spread, squares!, want.squares, `squares of ${where}`);
        }
      }
    }
    for (const body of ['subgroup', 'tile'])
      if (body === 'tile' || device.target.features.has('subgroups'))
        assert.ok(
          taken.some((way) => way.startsWith(body)),
          `no ${body} kernel took them`,
        );
  });

for (const offset of [1, 1e4])
  test(`many partials are merged to few: statistics of a tensor with means near ${offset}`, async () => {
    const device = await testDevice();
    const problem: Problem = [
      [5, 31, 33, 8],
      [1, 1, 8, 12],
    ];
    const [x, weight] = problem;
    const launched = {
      epilogue: ['matmul', 'batch_norm/combine', 'batch_norm/normalize'],
      pass: ['matmul', 'batch_norm/statistics', 'batch_norm/normalize'],
    };
    for (const [statistics, kernels] of Object.entries(launched)) {
      const forced: Choose = (op, _problem, ways) =>
        op === 'batch_norm.statistics'
          ? statistics
          : ways.find(({ base }) => base === 'subgroup' || base === 'tile')?.name;
      const tape: Tape = createTape(device.target, { candidates: forced });
      const y = conv2d(tape, tape.input('x', x), tape.input('weight', weight), undefined, { moments: true });
      const of = (value: number) => variable('v', [12], 'f32', new Float32Array(12).fill(value));
      const state = { weight: of(1), bias: of(0), running_mean: of(0), running_var: of(0) };
      const z: Tensor = batchNorm(tape, y, state, { training: true, momentum: 1, eps: 0 });
      for (const [name, tensor] of Object.entries({ y, z, mean: state.running_mean, variance: state.running_var }))
        tape.output(name, tensor);
      const program = await compile(device, tape);
      const found = await program.run(values(problem, offset), [...tape.outputs.keys()]).read();
      assert.equal(
        tape.dispatches.map(({ kernel }) => kernel.name.replace(/^matmul.*/, 'matmul')),
        kernels,
      );
      const rows = 5 * 31 * 33;
      for (const [channel, want] of momentsOf(found.y!, 12, 0, rows).entries()) {
        const where = `${statistics}, channel ${channel}`;
        // A mean is rounded when a chunk's is stored, when some of them are merged, and at the end. Means that are off by e
        // change sums of squares by 2e·Σ |deviation| + n·e² at most; the sums themselves, of 160 rows, are off by 1e-5.
        const rounding = UNIT * Math.abs(want.mean);
        expectWithin(3 * rounding + 1e-6, found.mean![channel]!, want.mean, `mean of ${where}`);
        const e = 2 * rounding;
        const bound = (2 * e * Math.sqrt(rows * want.squares) + rows * e ** 2) / want.squares + 1e-5;
        const variance = want.squares / (rows - 1);
        expectWithin(bound * variance, found.variance![channel]!, variance, `variance of ${where}`);
        const deviation = Math.sqrt(want.squares / rows);
        for (let i = channel; i < found.z!.length; i += 12) {
          const exact = (found.y![i]! - want.mean) / deviation;
          const room = (3 * rounding + 1e-6) / deviation + bound * Math.abs(exact);
          expectWithin(room, found.z![i]!, exact, `element ${i}, ${where}`);
        }
      }
    }
  });

test('only where nothing follows in the kernel and its sum is whole', async () => {
  const tape = createTape((await testDevice()).target, { candidates: { 'batch_norm.statistics': 'epilogue' } });
  const x = tape.input('x', [2, 5, 5, 8]);
  const weight = (depth: number, filter: number) => tape.input(`${depth}x${filter}`, [filter, filter, depth, 8]);
  const bias = tape.input('bias', [8]);
  for (const filter of [1, 3]) {
    const whole = weight(8, filter);
    assert.equal(conv2d(tape, x, whole).moments, undefined);
    assert.equal(conv2d(tape, x, whole, bias, { moments: true }).moments, undefined);
    assert.equal(conv2d(tape, x, whole, undefined, { moments: true, relu: true }).moments, undefined);
    assert.equal(conv2d(tape, x, weight(4, filter), undefined, { moments: true, groups: 2 }).moments, undefined);
  }
});

test.run();
