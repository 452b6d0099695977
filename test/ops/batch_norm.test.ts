import { compile } from '../../src/gpu/program/program.ts';
import { batchNorm } from '../../src/ops/batch_norm.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { createArena } from '../../src/tape/parameter.ts';
import { createTape } from '../../src/tape/tape.ts';
import { variable } from '../../src/tape/tensor.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('batch_norm');

const subject: Subject = {
  op: 'batch_norm',
  layouts: { x: 'activation', y: 'activation', residual: 'activation' },
  constant: ['running_mean', 'running_var'],
  build:
    ({ training, momentum, eps, relu }) =>
    (tape, { x, weight, bias, running_mean, running_var, residual }) => {
      const state = { weight: weight!, bias: bias!, running_mean: running_mean!, running_var: running_var! };
      const options = { training: training === true, relu: relu === true, ...(residual && { residual }) };
      const given = { momentum: momentum as number | undefined, eps: eps as number | undefined };
      return {
        y: batchNorm(tape, x!, state, { ...options, ...given }),
        running_mean: running_mean!,
        running_var: running_var!,
      };
    },
};

const inputs = (shape: number[], mean = 0.3, deviation = 1.5) => ({
  x: noise(shape, 1, mean, deviation),
  weight: noise([shape[1]!], 2, 1, 0.3),
  bias: noise([shape[1]!], 3, 0, 0.3),
  running_mean: noise([shape[1]!], 4),
  running_var: noise([shape[1]!], 5, 2, 0.2),
});

// SwiftShader compiles the wide workgroups for GPUs slowly, so they are left to the two cases with most channels.
const structures = (name: string) =>
  ['batch_norm-02', 'batch_norm-06'].includes(name) ? (['cpu', 'gpu'] as const) : (['cpu'] as const);

for (const name of goldenCases('batch_norm'))
  for (const candidate of ['vec4', 'scalar'])
    test(`${name}, ${candidate}`, () => checkGolden(subject, name, candidate, structures(name)));

for (const training of [true, false])
  for (const [shape, relu, residual] of [
    [[3, 8, 5, 5], true, true],
    [[3, 8, 5, 5], true, false],
    [[4, 6, 3, 1], false, true],
    [[5, 3], true, true],
    [[300, 36], true, false],
  ] as const)
    test(`against float64: [${shape}]${training ? ' training' : ''}${residual ? ' + residual' : ''}${relu ? ' relu' : ''}`, () =>
      checkReference(
        subject,
        { training, relu },
        { ...inputs([...shape]), ...(residual && { residual: noise(shape, 6) }) },
        { structures: ['cpu'] },
      ));

const split: Subject = {
  ...subject,
  op: 'batch_norm_split',
  build:
    ({ groups, relu }) =>
    (tape, { x, weight, bias, running_mean, running_var, residual }) => {
      const state = { weight: weight!, bias: bias!, running_mean: running_mean!, running_var: running_var! };
      const options = { relu: relu === true, groups: groups as number, ...(residual && { residual }) };
      const y = batchNorm(tape, x!, state, { training: true, ...options });
      return { y, running_mean: running_mean!, running_var: running_var! };
    },
};

// Groups of several chunks each, whose last chunk is shorter; with so few workgroups as a processor has, and as a GPU.
for (const [shape, groups] of [
  [[6, 8, 9, 9], 3],
  [[28, 6, 3, 5], 7],
  [[40, 16], 2],
] as const)
  test(`against float64: [${shape}] in ${groups} groups`, () =>
    checkReference(split, { training: true, groups, assignment: 'contiguous' }, inputs([...shape])));

for (const candidate of ['vec4', 'scalar'])
  test(`a large mean does not swallow the deviation, ${candidate}`, () =>
    checkReference(subject, { training: true }, inputs([64, 8, 6, 6], 1e3, 1), {
      candidate,
      rtol: 1e-3,
      atol: 1e-4,
      structures: ['cpu'],
    }));

test('parameters of one arena: gradients where they belong, twice the same bits', async () => {
  const device = await testDevice();
  const arena = createArena();
  const values = inputs([40, 8, 3, 3]);
  const weight = arena.add('weight', [8], values.weight.data as Float32Array);
  const bias = arena.add('bias', [8], values.bias.data as Float32Array);
  const running = { running_mean: variable('mean', [8]), running_var: variable('var', [8]) };
  const runs: number[][] = [];
  // With x's gradient its kernel writes the parameters' gradients; without it, or with shared parameters, another does.
  for (const [requiresGrad, uses] of [
    [true, 1],
    [true, 1],
    [false, 1],
    [true, 2],
  ] as const) {
    const tape = createTape(device.target);
    const x = tape.input('x', [40, 3, 3, 8], 'f32', { requiresGrad });
    let y = x;
    for (let use = 0; use < uses; use++)
      y = batchNorm(tape, y, { weight, bias, ...running }, { training: true, relu: uses === 1 });
    const upstream = tape.input('upstream', y.shape);
    gradients(tape, y, upstream);
    const program = await compile(device, tape);
    program.run({ x: values.x.data, upstream: noise(y.shape, 7).data });
    runs.push([...(await device.read(weight.gradient)), ...(await device.read(bias.gradient))]);
  }
  assert.equal(runs[1], runs[0]);
  for (const [i, value] of runs[2]!.entries()) assert.ok(Math.abs(value - runs[0]![i]!) < 1e-5 * Math.abs(value));
  assert.ok(runs[0]!.every((value) => value !== 0 && Number.isFinite(value)));
  assert.ok(runs[3]!.every((value) => value !== 0 && Number.isFinite(value)));
});

test('frozen in evaluation: only dx is computed', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [2, 3, 3, 4], 'f32', { requiresGrad: true });
  const fixed = (name: string) => variable(name, [4]);
  const state = { weight: fixed('w'), bias: fixed('b'), running_mean: fixed('m'), running_var: fixed('v') };
  const y = batchNorm(tape, x, state, { training: false });
  gradients(tape, y);
  assert.equal(
    tape.dispatches.map(({ kernel }) => kernel.name),
    ['batch_norm/evaluate', 'batch_norm/backward_sums', 'batch_norm/backward_input'],
  );
  assert.equal(tape.dispatches[1]!.uniforms.sum_rows, 0);
});

test('refuses shapes that do not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [2, 3, 3, 4]);
  const of = (size: number) => variable('v', [size]);
  const state = (weight: number) => ({ weight: of(weight), bias: of(4), running_mean: of(4), running_var: of(4) });
  assert.throws(() => batchNorm(tape, x, state(3), { training: true }), /weight has shape \[3\], but x has 4 channels/);
  const residual = tape.input('r', [2, 3, 4]);
  assert.throws(() => batchNorm(tape, x, state(4), { training: true, residual }), /residual has shape \[2, 3, 4\]/);
  const one = tape.input('one', [1, 4]);
  assert.throws(() => batchNorm(tape, one, state(4), { training: true }), /more than one value per channel/);
  const groups = (count: number) => () => batchNorm(tape, x, state(4), { training: true, groups: count });
  assert.throws(groups(3), /its first dimension must be a multiple of the 3 groups/);
  assert.throws(groups(0), /groups/);
});

test.run();
