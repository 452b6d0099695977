import { formulaState } from '../../src/conformance/formula_state.ts';
import { random4, randomNormal, uniform01 } from '../../src/data/random.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { createModel } from '../../src/nn/model.ts';
import { createStore } from '../../src/nn/store.ts';
import { visionTransformer } from '../../src/nn/vit.ts';
import { drawDropPath } from '../../src/ops/drop_path.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { layerDecay } from '../../src/optim/layer_decay.ts';
import { createTape } from '../../src/tape/tape.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { interpolatePositions } from '../../src/weights/pos_embed.ts';
import { recognizeEncoder } from '../../src/weights/recognize.ts';
import { loadState, torchShape } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('vision transformers');

const TINY = { dim: 8, heads: 2, patch: 4, image_size: [8, 8] } as const;

test('deeper models launch more of the same kernels: all blocks share one text of each', async () => {
  const { target } = await testDevice();
  const kernelsOf = (depth: number) => {
    const tape = createTape(target);
    const { forward } = visionTransformer(createStore(0), { ...TINY, depth, drop_path: 0.1 });
    gradients(tape, forward(tape, tape.input('x', [2, 8, 8, 3]), true), tape.input('dy', [2, 8]));
    return {
      launches: tape.dispatches.length,
      texts: new Set(tape.dispatches.map((d) => JSON.stringify([d.kernel.name, d.constants]))),
    };
  };
  const [two, six] = [kernelsOf(2), kernelsOf(6)];
  assert.ok(six.launches > 2 * two.launches);
  assert.equal([...six.texts].sort(), [...two.texts].sort());
});

test('the masks of stochastic depth are those that seed, step, image and branch draw, as on the host', async () => {
  const device = await testDevice();
  const [depth, batch, rate] = [5, 40, 0.6];
  const tape = createTape(device.target);
  tape.output('mask', drawDropPath(tape, { depth, batch, rate }));
  const program = await compile(device, tape);
  const draw = async (seed: number, step: number) =>
    (await program.run({ counter: new Uint32Array([seed, step]) }, ['mask']).read()).mask;
  const want = Float32Array.from({ length: 2 * depth * batch }, (_, i) => {
    const branch = Math.floor(i / batch);
    const [bits] = random4(7, 3, i % batch, 0x64700000 + branch);
    return uniform01(bits) < (rate * Math.floor(branch / 2)) / (depth - 1) ? 0 : 1;
  });
  assert.equal([...(await draw(7, 3))], [...want]);
  assert.ok(want.subarray(0, 2 * batch).every((keeps) => keeps === 1));
  assert.not.equal([...(await draw(7, 4))], [...want]);
});

test('training drops paths, evaluation does not', async () => {
  const device = await testDevice();
  const { forward } = visionTransformer(createStore(1), { ...TINY, depth: 3, drop_path: 0.5 });
  const features = async (training: boolean, step: number) => {
    const tape = createTape(device.target, { grad: false });
    tape.output('y', forward(tape, tape.input('x', [6, 8, 8, 3]), training));
    const inputs = {
      x: randomNormal(6 * 8 * 8 * 3, 1, 0, 0),
      ...(training && { counter: new Uint32Array([1, step]) }),
    };
    return [...(await (await compile(device, tape)).run(inputs, ['y']).read()).y];
  };
  assert.equal(await features(false, 0), await features(false, 1));
  assert.equal(await features(true, 2), await features(true, 2));
  assert.not.equal(await features(true, 0), await features(true, 1));
  assert.not.equal(await features(true, 0), await features(false, 0));
});

test('position embeddings of another grid are interpolated when a checkpoint is loaded, all others must fit', async () => {
  const device = await testDevice();
  const make = (image_size: readonly [number, number]) => {
    const store = createStore(3);
    visionTransformer(store, { ...TINY, image_size, depth: 1 });
    return store;
  };
  const { entries } = make([8, 12]);
  const of = (shape: number[]): HostTensor => ({
    dtype: 'F32',
    shape,
    data: randomNormal(
      shape.reduce((product, size) => product * size, 1),
      1,
      5,
      5,
    ),
  });
  const file = of([1, 17, 8]);
  const { matched } = await loadState(device, entries, new Map([['pos_embed', file]]), 'a file', { partial: true });
  assert.equal(matched, ['pos_embed']);
  const { tensor } = entries.find(({ name }) => name === 'pos_embed')!;
  const want = interpolatePositions(file.data as Float32Array, { dim: 8, grid: [4, 4], to: [2, 3] });
  assert.equal([...(await device.read(tensor))], [...want]);
  for (const shape of [
    [1, 16, 8],
    [1, 17, 4],
  ]) {
    const refused = loadState(device, entries, new Map([['pos_embed', of(shape)]]), 'a file', { partial: true });
    assert.match(await refusal(refused), /a file holds none of the model's tensors/);
  }
});

test('an encoder is told by its tensors, and loads where only its last norm is another', async () => {
  const { entries } = createModel({ arch: 'vit_small_patch16', encoder: { image_size: [32, 32] }, seed: 0 }).store;
  const shapes = entries.map((entry) => [entry.name.replace('fc_norm', 'norm'), { shape: torchShape(entry) }] as const);
  const file = new Map<string, { shape: number[] }>([...shapes, ['decoder_embed.weight', { shape: [512, 384] }]]);
  const encoder = { channels: 3, image_size: [32, 32] };
  const arch = 'vit_small_patch16';
  assert.equal(recognizeEncoder(file), { arch, encoder: { ...encoder, global_pool: false } });
  assert.equal(recognizeEncoder(file, undefined, true), { arch, encoder: { ...encoder, global_pool: true } });
  const deeper = new Map([...file, ['encoder.blocks.12.norm1.weight', { shape: [384] }]]);
  assert.is(recognizeEncoder(deeper), undefined);

  const store = createStore(0);
  visionTransformer(store.scope('encoder'), { ...TINY, depth: 1 });
  const state = formulaState(store.entries, 3);
  const renamed = new Map([...state].map(([name, tensor]) => [name.replace('fc_norm', 'norm'), tensor]));
  const { missing } = await loadState(await testDevice(), store.entries, renamed, 'a file');
  assert.equal(missing, ['encoder.fc_norm.weight', 'encoder.fc_norm.bias']);
  renamed.delete('encoder.norm.weight');
  renamed.delete('encoder.norm.bias');
  const refused = loadState(await testDevice(), store.entries, renamed, 'a file');
  assert.match(await refusal(refused), /2 missing \(such as encoder.fc_norm.weight\)/);
});

test('layer decay counts from the heads down, whatever stands in front of the names', () => {
  const { store } = createModel({ arch: 'vit_small_patch16', projector: {}, classes: 5, seed: 0 });
  const groups = layerDecay({ depth: 12, layer_decay: 0.5, weight_decay: 0.05 });
  const of = (name: string) => {
    const { tensor } = store.entries.find((entry) => entry.name === name)!;
    return groups(tensor as never);
  };
  assert.equal(of('encoder.pos_embed'), { lr_scale: 0.5 ** 13, weight_decay: 0 });
  assert.equal(of('encoder.patch_embed.proj.weight'), { lr_scale: 0.5 ** 13, weight_decay: 0.05 });
  assert.equal(of('encoder.blocks.0.norm1.weight'), { lr_scale: 0.5 ** 12, weight_decay: 0 });
  assert.equal(of('encoder.blocks.11.mlp.fc2.weight'), { lr_scale: 0.5, weight_decay: 0.05 });
  assert.equal(of('projector.0.weight'), { lr_scale: 1, weight_decay: 0.05 });
  assert.equal(of('encoder.fc_norm.bias'), { lr_scale: 1, weight_decay: 0 });
});

test('refuses sizes that cannot be, and options of the other architectures', async () => {
  const { target } = await testDevice();
  const make = (options: object) => () => visionTransformer(createStore(0), { ...TINY, depth: 1, ...options });
  assert.throws(make({ heads: 3 }), /8 channels cannot be cut into 3 heads/);
  assert.throws(make({ image_size: [8, 10] }), /images of 8×10 px cannot be cut into patches of 4 px/);
  const tape = createTape(target);
  const { forward } = make({})();
  assert.throws(() => forward(tape, tape.input('x', [1, 8, 10, 3]), false), /8×10 px cannot be cut into patches of 4/);
  assert.throws(
    () => forward(tape, tape.input('y', [1, 8, 12, 3]), false),
    /pos_embed has shape \[1, 5, 8\], but \[1, 7, 8\] is/,
  );
  const model = (encoder: object, arch: 'resnet8' | 'vit_small_patch16') => () =>
    createModel({ arch, encoder, seed: 0 });
  assert.throws(model({ width: 8 }, 'vit_small_patch16'), /a vit_small_patch16 does not read the option width/);
  assert.throws(model({ drop_path: 0.1 }, 'resnet8'), /a resnet8 does not read the option drop_path/);
});

test.run();
