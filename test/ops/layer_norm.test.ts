import { compile } from '../../src/gpu/program/program.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { layerNorm } from '../../src/ops/layer_norm.ts';
import { createArena } from '../../src/tape/parameter.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('layer_norm');

const subject: Subject = {
  op: 'layer_norm',
  build:
    ({ eps }) =>
    (tape, { x, weight, bias }) => ({
      y: layerNorm(tape, x!, { weight: weight!, bias: bias! }, { eps: eps as number | undefined }),
    }),
};

const inputs = (shape: number[], mean = 0.3) => ({
  x: noise(shape, 1, mean),
  weight: noise([shape.at(-1)!], 2, 1, 0.3),
  bias: noise([shape.at(-1)!], 3),
});

for (const candidate of ['vec4', 'scalar']) {
  for (const name of goldenCases('layer_norm'))
    test(`${name}, ${candidate}`, () => checkGolden(subject, name, candidate));
  for (const shape of [
    [2, 3, 8],
    [70, 12],
    [1, 35],
  ])
    test(`against float64: [${shape}], ${candidate}`, () => checkReference(subject, {}, inputs(shape), { candidate }));
  test(`a large mean does not swallow the deviation, ${candidate}`, () =>
    checkReference(subject, {}, inputs([5, 768], 1e3), { candidate, rtol: 1e-3, atol: 1e-4 }));
}

test('gradients of parameters where they belong, any of them frozen', async () => {
  const device = await testDevice();
  const arena = createArena();
  const values = inputs([40, 8]);
  const weight = arena.add('weight', [8], values.weight.data as Float32Array);
  const bias = arena.add('bias', [8], values.bias.data as Float32Array);
  const read = async () => [[...(await device.read(weight.gradient))], [...(await device.read(bias.gradient))]];
  const all = async (trained: [boolean, boolean]) => {
    [weight.requiresGrad, bias.requiresGrad] = trained;
    device.write(weight.gradient, new Float32Array(8));
    device.write(bias.gradient, new Float32Array(8));
    const tape = createTape(device.target);
    const x = tape.input('x', [40, 8]);
    const y = layerNorm(tape, x, { weight, bias });
    gradients(tape, y, tape.input('upstream', y.shape));
    const program = await compile(device, tape);
    program.run({ x: values.x.data, upstream: noise(y.shape, 7).data });
    return read();
  };
  const [dweight, dbias] = await all([true, true]);
  assert.ok([...dweight!, ...dbias!].every((value) => value !== 0 && Number.isFinite(value)));
  assert.equal((await all([true, false]))[0], dweight);
  assert.equal((await all([false, true]))[1], dbias);
});

test('refuses parameters of another width', async () => {
  const tape = createTape((await testDevice()).target);
  const [x, weight] = [tape.input('x', [2, 3]), tape.input('w', [2])];
  assert.throws(() => layerNorm(tape, x, { weight, bias: weight }), /weight has shape \[2\], but x has rows of 3/);
});

test.run();
