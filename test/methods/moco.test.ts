import { array64, references } from '../../src/conformance/reference/index.ts';
import { augment, evaluationView } from '../../src/data/augment.ts';
import { allIndices } from '../../src/data/sampler.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile } from '../../src/gpu/program/program.ts';
import type { MethodConfig, Stage } from '../../src/methods/method.ts';
import { moco } from '../../src/methods/moco.ts';
import { createModel } from '../../src/nn/model.ts';
import { accumulator } from '../../src/optim/accumulate.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { createTape } from '../../src/tape/tape.ts';
import type { Tensor } from '../../src/tape/tensor.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import { createStagePrograms } from '../../src/train/stage_programs.ts';
import { train } from '../../src/train/trainer.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { corners } from '../train/corners.ts';
import { config } from './config.ts';

const test = suite('MoCo');

const OUT = 8;

async function setUp(device: Device, { augmentation = evaluationView, ...more }: Partial<TrainConfig & MethodConfig>) {
  const model = createModel({
    arch: 'resnet8',
    encoder: { width: 4, channels: 1 },
    projector: { hidden: 12, out: OUT },
    seed: 1,
  });
  const options = { ...config, epochs: 2, queue_length: 20, key_momentum: 0.75, batch_norm_groups: 1, ...more };
  const settings: TrainConfig = {
    ...{ method: moco, options, model, augmentation, data: corners(device), indices: allIndices(27) },
    optimizer: sgd(model.store.arena, { momentum: 0.9 }),
    ...{ batch: 8, drop_last: true, lr: 0.1, seed: 3 },
    ...more,
  };
  const [stage] = moco.stages(options, model);
  const read = async (tensor: Tensor) => [...((await device.read(tensor)) as Float32Array)];
  const state = (name: string) => read(stage!.state!.get(name) as Tensor);
  return { model, settings, stage: stage!, read, state };
}

test('without augmentation each query is its own key, whichever way keys were shuffled', async () => {
  const device = await testDevice();
  const { model, settings, stage, state } = await setUp(device, {});
  const images = Uint32Array.of(3, 1, 22, 7, 14, 0, 26, 9);
  const tape = createTape(device.target, { grad: false });
  const batch = augment(tape, settings.data, 8, evaluationView);
  const features = model.encoder.forward(tape, batch.images, true);
  tape.output('q', model.projector!(tape, features, true));
  const program = await compile(device, tape);
  const { q } = await program.run({ indices: images, counter: new Uint32Array(2) }, ['q']).read();
  const queue = await state('queue');
  for (let at = 0; at < queue.length; at += OUT)
    assert.ok(Math.abs(Math.hypot(...queue.slice(at, at + OUT)) - 1) < 1e-6, 'a key of the queue is no unit vector');
  // The reference has a queue's keys in columns.
  const columns = Float64Array.from({ length: 20 * OUT }, (_, i) => queue[(i % 20) * OUT + Math.floor(i / 20)]!);
  const query = array64(q as Float32Array, [8, OUT]);
  const { temperature } = config;
  const { y } = references.info_nce!({ q: query, k: query, queue: array64(columns, [OUT, 20]) }, { temperature });

  const programs = await createStagePrograms(device, settings, stage, undefined);
  const losses = await (await programs.run(images, 0, 0.1, true)).read();
  assert.ok(
    Math.abs(losses['loss.info_nce']![0]! - y!.data[0]!) < 1e-4,
    `${losses['loss.info_nce']} and not ${y!.data}`,
  );

  const [alone, found, positives, distance] = losses.contrast!;
  assert.equal([alone, found, positives], [0, 8, 8]);
  assert.ok(distance! < 1e-4, `${distance}`);

  // The keys of the step are the oldest of the queue now, in their queries' order.
  const after = await state('queue');
  assert.equal(after.slice(8 * OUT), queue.slice(8 * OUT));
  for (let i = 0; i < 8; i++) {
    const own = [...q!.slice(i * OUT, (i + 1) * OUT)];
    const norm = Math.hypot(...own);
    own.forEach((value, c) => {
      assert.ok(Math.abs(after[i * OUT + c]! - value / norm) < 1e-4);
    });
  }
  assert.equal(await state('queue_ptr'), [8]);
});

test('keys are normalised in groups, with others than their queries are', async () => {
  const device = await testDevice();
  const { model, settings, stage, state } = await setUp(device, { batch_norm_groups: 2 });
  const images = [3, 1, 22, 7, 14, 0, 26, 9];
  // The keys of all groups of four that the shuffled images may be cut into.
  const places = Array.from({ length: 256 }, (_, bits) => images.flatMap((_, i) => ((bits >> i) & 1 ? [i] : [])));
  const groups = places.filter(({ length }) => length === 4);
  const tape = createTape(device.target, { grad: false });
  const batch = augment(tape, settings.data, 4 * groups.length, evaluationView);
  const features = model.encoder.forward(tape, batch.images, { groups: groups.length });
  tape.output('keys', model.projector!(tape, features, { groups: groups.length }));
  const program = await compile(device, tape);
  const indices = Uint32Array.from(groups.flat(), (i) => images[i]!);
  const { keys } = await program.run({ indices, counter: new Uint32Array(2) }, ['keys']).read();

  const programs = await createStagePrograms(device, settings, stage, undefined);
  await (await programs.run(Uint32Array.from(images), 0, 0.1, true)).read();
  const queue = await state('queue');
  const isKey = (i: number, row: number) => {
    const own = [...keys!.slice(row * OUT, (row + 1) * OUT)];
    return own.every((value, c) => Math.abs(queue[i * OUT + c]! - value / Math.hypot(...own)) < 1e-4);
  };
  const found = groups.filter((group, at) => group.every((i, k) => isKey(i, 4 * at + k)));
  assert.is(found.length, 2);
  assert.equal([...new Set(found.flat())].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.is.not(String(found[0]), '0,1,2,3');
});

test('the key encoder follows the weights and has statistics of its own', async () => {
  const device = await testDevice();
  const { model, settings, stage, read, state } = await setUp(device, { augmentation: { flip: 0.5, brightness: 0.4 } });
  const weight = model.store.entries.find(({ name }) => name === 'encoder.conv1.weight')!.tensor;
  const [w0, k0] = [await read(weight), await state('key.encoder.conv1.weight')];
  assert.equal(k0, w0);
  const programs = await createStagePrograms(device, settings, stage, undefined);
  await (await programs.run(allIndices(8), 0, 0.1, true)).read();
  const [w1, k1] = [await read(weight), await state('key.encoder.conv1.weight')];
  assert.ok(w1.some((value, i) => Math.abs(value - w0[i]!) > 1e-4));
  for (const [i, value] of k1.entries()) assert.ok(Math.abs(value - (0.75 * w0[i]! + 0.25 * w1[i]!)) < 1e-6);
  const mean = model.store.entries.find(({ name }) => name === 'encoder.bn1.running_mean')!.tensor;
  const [own, keys] = [await read(mean), await state('key.encoder.bn1.running_mean')];
  assert.ok(keys.every((value) => value !== 0));
  assert.ok(keys.some((value, i) => Math.abs(value - own[i]!) > 1e-7));
});

test('with accumulated gradients keys join the queue with each micro-batch, and the encoder follows with each step', async () => {
  const device = await testDevice();
  const { settings, stage, state } = await setUp(device, { accumulate: 2, batch: 4 });
  const programs = await createStagePrograms(device, settings, stage, accumulator(settings.model.store.arena));
  const before = await state('key.projector.2.weight');
  await programs.run(allIndices(4), 0, 0.1, false);
  assert.equal(await state('queue_ptr'), [4]);
  assert.equal(await state('key.projector.2.weight'), before);
  await programs.run(allIndices(4), 1, 0.1, true);
  assert.equal(await state('queue_ptr'), [8]);
  assert.not.equal(await state('key.projector.2.weight'), before);
});

test('it trains in parts of a batch, from an encoder that has changed since it was made', async () => {
  const device = await testDevice();
  const { model, settings, read } = await setUp(device, { batch_norm_groups: 4, augmentation: { flip: 0.5 } });
  const weight = model.store.entries.find(({ name }) => name === 'encoder.conv1.weight')!.tensor;
  device.write(
    weight,
    Float32Array.from(await read(weight), (value) => value * 2),
  );
  const losses: number[] = [];
  let before: number[] | undefined;
  const method = {
    ...moco,
    stages: (...given: Parameters<typeof moco.stages>) =>
      moco.stages(...given).map((stage) => ({
        ...stage,
        beforeEpoch: async (...given: Parameters<NonNullable<Stage['beforeEpoch']>>) => {
          await stage.beforeEpoch!(...given);
          before ??= await read(stage.state!.get('key.encoder.conv1.weight') as Tensor);
        },
      })),
  };
  const start = await read(weight);
  for await (const event of train(device, { ...settings, method }))
    if (event.type === 'epoch') losses.push(event.losses.info_nce!);
  assert.equal(before, start);
  assert.is(losses.length, 2);
  assert.ok(losses.every((loss) => loss > 0 && loss < 10));
});

test.run();
