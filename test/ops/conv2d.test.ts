import { type HostValue, record, run } from '../../src/conformance/evaluate.ts';
import { dgradCandidates } from '../../src/ops/conv2d/dgrad.ts';
import { forwardCandidates } from '../../src/ops/conv2d/forward.ts';
import { wgradCandidates } from '../../src/ops/conv2d/wgrad.ts';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, skip, suite } from '../harness.ts';
import { checkGolden, noise, type Subject } from './against.ts';

const test = suite('conv2d');

type Pair = [number, number];

const subject: Subject = {
  op: 'conv2d',
  layouts: { x: 'activation', y: 'activation', weight: 'conv_weight' },
  build:
    ({ stride, padding, dilation, groups }) =>
    (tape, { x, weight, bias }) => ({
      y: conv2d(tape, x!, weight!, bias, {
        stride: stride as Pair,
        padding: padding as Pair,
        dilation: dilation as Pair,
        groups: groups as number,
      }),
    }),
};

for (const name of goldenCases('conv2d')) test(name, () => checkGolden(subject, name));

/** x [N, H, W, C], the filter's size, out channels, and how it moves. */
type Problem = readonly [
  x: readonly [number, number, number, number],
  filter: Pair,
  out: number,
  options: Conv2dOptions,
];

/** Channels by fours: odd images, strides that do not divide them, every option on its own axis. */
const byFours: readonly Problem[] = [
  [[2, 7, 9, 8], [3, 3], 12, { padding: [1, 1] }],
  [[3, 6, 5, 20], [3, 2], 36, { padding: [1, 0], stride: [2, 1] }],
  [[1, 11, 8, 4], [3, 3], 4, { padding: [2, 2], dilation: [2, 2], stride: [2, 2] }],
  [[2, 10, 7, 8], [2, 4], 4, { padding: [2, 3], dilation: [3, 2], stride: [3, 2] }],
  [[5, 1, 2, 4], [3, 3], 4, { padding: [1, 1] }],
  [[2, 9, 9, 4], [1, 1], 8, { stride: [2, 2] }],
];
const odd: readonly Problem[] = [
  [[2, 7, 9, 3], [3, 3], 10, { padding: [1, 1] }],
  [[3, 6, 5, 1], [3, 2], 16, { padding: [1, 0], stride: [2, 1] }],
  [[1, 11, 8, 5], [3, 3], 7, { padding: [2, 2], dilation: [2, 2], stride: [2, 2] }],
  [[1, 13, 14, 3], [7, 7], 8, { padding: [3, 3], stride: [2, 2] }],
];
/** Channels by fours behind any number before, as in the layers that read images. */
const images: readonly Problem[] = [
  [[2, 7, 9, 3], [3, 3], 12, { padding: [1, 1] }],
  [[3, 6, 5, 1], [3, 2], 16, { padding: [1, 0], stride: [2, 1] }],
  [[1, 13, 14, 3], [7, 7], 8, { padding: [3, 3], stride: [2, 2] }],
  [[1, 11, 8, 5], [3, 3], 4, { padding: [2, 4], dilation: [2, 2], stride: [1, 2] }],
  [[2, 7, 6, 6], [2, 3], 8, { padding: [1, 1], groups: 2 }],
];
const groupedByFours: readonly Problem[] = [
  [[2, 7, 6, 24], [3, 3], 16, { padding: [1, 1], groups: 2, stride: [2, 1] }],
  [[1, 5, 9, 12], [3, 3], 12, { padding: [1, 2], groups: 3, dilation: [1, 2] }],
];
const grouped: readonly Problem[] = [
  [[2, 7, 6, 6], [3, 3], 9, { padding: [1, 1], groups: 3 }],
  [[2, 7, 6, 6], [3, 3], 12, { padding: [1, 1], groups: 6, stride: [2, 2] }],
];
/** A channel a group: strips that end within a row and without, filters of more than four columns, strides with and without dilation. */
const depthwise = (channels: number): readonly Problem[] => [
  [[2, 7, 9, channels], [3, 3], channels, { padding: [1, 1], groups: channels }],
  [[2, 8, 11, channels], [3, 3], channels, { padding: [1, 1], groups: channels, stride: [2, 2] }],
  [[3, 9, 4, channels], [5, 6], channels, { padding: [2, 3], groups: channels, stride: [1, 2] }],
  [[1, 11, 13, channels], [3, 3], channels, { padding: [2, 2], groups: channels, stride: [2, 2], dilation: [2, 2] }],
  [[1, 6, 10, channels], [2, 3], channels, { padding: [0, 4], groups: channels, stride: [3, 1], dilation: [2, 3] }],
  [[5, 20, 17, channels], [3, 1], channels, { padding: [1, 0], groups: channels, stride: [1, 3] }],
];
/** Many pixels and channels: large tiles, and splits of the weight gradient's sum. */
const large: readonly Problem[] = [[[4, 17, 16, 32], [3, 3], 32, { padding: [1, 1] }]];

/** What a candidate must be able to compute. */
function problemsOf(candidate: string): readonly Problem[] {
  if (candidate === 'direct') return [...byFours, ...odd, ...grouped, ...depthwise(3)];
  if (candidate === 'depthwise') return depthwise(8);
  if (candidate === 'depthwise_scalar') return depthwise(5);
  if (candidate.endsWith('_image')) return images;
  return candidate.endsWith('_scalar') ? [...odd, ...grouped] : [...byFours, ...groupedByFours, ...large];
}

/** The shape of a small problem that a candidate computes on any adapter that has what its kernel needs. */
const fitting = (candidate: string) => ({
  ...{ rows: 4, columns: 4, depth: 4, slices: 1, vec4: true, groups: 4 },
  depthwise: candidate.startsWith('depthwise'),
});

const passes = { forward: forwardCandidates, dgrad: dgradCandidates, wgrad: wgradCandidates };

for (const [pass, candidates] of Object.entries(passes))
  for (const { name: candidate, unfit } of candidates)
    test(`${pass}, ${candidate} against float64`, async () => {
      const device = await testDevice();
      const target = { ...device.target, kind: candidate.startsWith('tile') ? 'gpu' : 'cpu' } as const;
      const reason = unfit?.(fitting(candidate), target);
      if (reason) skip(reason);
      for (const problem of problemsOf(candidate)) {
        const { inputs, upstream, build } = tensorsOf(problem);
        const recorded = record(target, build, inputs, {
          wrt: { forward: [], dgrad: ['x'], wgrad: ['weight'] }[pass] ?? [],
          ...(pass !== 'forward' && { upstream }),
          candidates: { [`conv2d.${pass}`]: candidate },
        });
        const ours = recorded.tape.dispatches.filter(({ label }) => label === `conv2d.${pass}`);
        assert.equal(
          ours.map(({ kernel }) => kernel.name),
          [`conv2d/${pass}_${candidate}`],
        );
        const { outputs, gradients } = await run(device, recorded);
        const got = { forward: outputs.y, dgrad: gradients.x, wgrad: gradients.weight }[pass];
        expectClose(got!.data, exact(problem)[pass as keyof ReturnType<typeof exact>], JSON.stringify(problem));
      }
    });

for (const { name: candidate, unfit } of forwardCandidates)
  test(`${candidate} reads nothing into the padding`, async () => {
    const device = await testDevice();
    const { target } = device;
    const reason = unfit?.(fitting(candidate), target);
    if (reason) skip(reason);
    const groups = fitting(candidate).depthwise ? 4 : 1;
    // Masked reads go to the first element, so no window but those over the first pixel may see what is there.
    const { inputs, upstream, build } = tensorsOf([[2, 5, 5, 4], [3, 3], 4, { padding: [1, 1], groups }]);
    inputs.x!.data[0] = Number.NaN;
    const candidates = { 'conv2d.forward': candidate, 'conv2d.wgrad': candidate };
    const recorded = record(target, build, inputs, { wrt: ['weight'], upstream, candidates });
    const { outputs, gradients } = await run(device, recorded);
    const touched = [...outputs.y!.data].flatMap((value, i) => (Number.isNaN(value) ? [Math.floor(i / 4)] : []));
    assert.equal([...new Set(touched)], [0, 1, 5, 6]);
    const channels = [...gradients.weight!.data].flatMap((value, i) =>
      Number.isNaN(value) ? [groups === 1 ? Math.floor(i / 4) % 4 : i % 4] : [],
    );
    assert.equal([...new Set(channels)], [0]);
  });

test('the weight gradient has the same bits every time, also where its sum is split', async () => {
  const device = await testDevice();
  const { inputs, upstream, build } = tensorsOf([[32, 16, 16, 3], [3, 3], 8, { padding: [1, 1] }]);
  const recorded = record(device.target, build, inputs, { wrt: ['weight'], upstream });
  assert.ok(recorded.tape.dispatches.some(({ label }) => label === 'conv2d.wgrad.sum'));
  const [first, second] = [await run(device, recorded), await run(device, recorded)];
  assert.equal([...first.gradients.weight!.data], [...second.gradients.weight!.data]);
});

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [2, 5, 5, 4]);
  const filter = (shape: number[]) => tape.input(`weight ${shape}`, shape);
  assert.throws(() => conv2d(tape, tape.input('flat', [2, 5]), filter([3, 3, 4, 8])), /^conv2d: x has shape \[2, 5\]/);
  assert.throws(
    () => conv2d(tape, x, filter([3, 3, 3, 8])),
    /^conv2d: weight has shape \[3, 3, 3, 8\], but x has 4 channels\.$/,
  );
  assert.throws(
    () => conv2d(tape, x, filter([3, 3, 2, 9]), undefined, { groups: 2 }),
    /weight has shape \[3, 3, 2, 9\], but its last size is no multiple of 2 groups/,
  );
  assert.throws(() => conv2d(tape, x, filter([7, 7, 4, 8])), /x has shape \[2, 5, 5, 4\], but the filter .* is larger/);
  assert.throws(() => conv2d(tape, x, filter([1, 1, 4, 8]), tape.input('bias', [4])), /bias has shape \[4\]/);
});

function tensorsOf([shape, filter, out, options]: Problem) {
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 } = options;
  const size = (axis: 0 | 1) =>
    Math.floor((shape[axis + 1]! + 2 * padding[axis] - dilation[axis] * (filter[axis] - 1) - 1) / stride[axis]) + 1;
  const inputs: Record<string, HostValue> = {
    x: noise(shape, 1),
    weight: noise([...filter, shape[3] / groups, out], 2),
    bias: noise([out], 3),
  };
  const upstream = noise([shape[0], size(0), size(1), out], 4);
  const build: Parameters<typeof record>[1] = (tape, { x, weight, bias }) => ({
    y: conv2d(tape, x!, weight!, bias, options),
  });
  return { inputs, upstream, build };
}

/** The three passes by their definition, in float64. */
function exact(problem: Problem) {
  const [[images, height, width, channels], filter, out, options] = problem;
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 } = options;
  const { inputs, upstream } = tensorsOf(problem);
  const [x, w, bias] = [inputs.x!.data, inputs.weight!.data, inputs.bias!.data];
  const [, outHeight, outWidth] = upstream.shape as [number, number, number, number];
  const depth = channels / groups;
  const forward = Float64Array.from(upstream.data, (_, i) => bias[i % out]!);
  const dgrad = new Float64Array(x.length);
  const wgrad = new Float64Array(w.length);
  for (let y = 0; y < forward.length; y++) {
    const o = y % out;
    const pixel = Math.floor(y / out);
    const [image, i, j] = [
      Math.floor(pixel / outHeight / outWidth),
      Math.floor(pixel / outWidth) % outHeight,
      pixel % outWidth,
    ];
    assert.ok(image < images);
    for (let p = 0; p < filter[0]; p++)
      for (let q = 0; q < filter[1]; q++) {
        const row = i * stride[0] + p * dilation[0] - padding[0];
        const column = j * stride[1] + q * dilation[1] - padding[1];
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        for (let c = 0; c < depth; c++) {
          const channel = Math.floor(o / (out / groups)) * depth + c;
          const from = ((image * height + row) * width + column) * channels + channel;
          const weight = ((p * filter[1] + q) * depth + c) * out + o;
          forward[y]! += x[from]! * w[weight]!;
          dgrad[from]! += upstream.data[y]! * w[weight]!;
          wgrad[weight]! += upstream.data[y]! * x[from]!;
        }
      }
  }
  return { forward, dgrad, wgrad };
}

function expectClose(got: ArrayLike<number>, want: Float64Array, what: string): void {
  assert.is(got.length, want.length);
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);
  assert.ok(worst <= 2e-5 * largest, `${what}: off by ${worst} where the largest is ${largest}`);
}

test.run();
