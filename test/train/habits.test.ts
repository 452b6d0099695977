import { allIndices, balanced, drawnBatches, epochBatches } from '../../src/data/sampler.ts';
import type { Device } from '../../src/gpu/device.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { scl } from '../../src/methods/scl.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { freeze } from '../../src/nn/store.ts';
import { sgd } from '../../src/optim/sgd.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import { createEvaluator } from '../../src/train/evaluate.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { train } from '../../src/train/trainer.ts';
import { saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { config } from '../methods/config.ts';
import { corners } from './corners.ts';

const test = suite('habits of training');

const MODEL = { arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 1 } as const;
const createTestModel = () => createModel(MODEL);

/** Five micro-batches an epoch. */
function setUp(device: Device, more: Partial<TrainConfig> = {}): TrainConfig & { model: Model } {
  const model = createTestModel();
  return {
    ...{ method: ceTuning, options: { ...config, epochs: 3 }, model },
    optimizer: sgd(model.store.arena, { momentum: 0.9, nesterov: true, weight_decay: 1e-4 }),
    ...{ data: corners(device), indices: allIndices(27), batch: 6, lr: 0.1, seed: 3, readEvery: 1, augmentation: {} },
    ...more,
  };
}

async function run(device: Device, settings: TrainConfig): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(device, settings)) events.push(event);
  return events;
}

const stateOf = async (device: Device, { store }: Model) =>
  new Map([...(await saveState(device, store.entries))].map(([name, { data }]) => [name, [...(data as Float32Array)]]));

test('what is frozen stays as it is to the bit, and has no gradient in the programs', async () => {
  const device = await testDevice();
  const settings = setUp(device);
  freeze(settings.model.store, ['encoder.conv1', 'encoder.bn1', 'encoder.layer2']);
  const before = await stateOf(device, settings.model);
  const events = await run(device, settings);
  const after = await stateOf(device, settings.model);
  const changed = [...before].filter(([name, values]) => `${after.get(name)}` !== `${values}`).map(([name]) => name);
  assert.ok(changed.includes('encoder.layer3.0.conv1.weight'));
  // Running statistics are none of the parameters.
  const isFrozen = (name: string) => /^encoder\.(conv1|bn1|layer2)\./.test(name) && !name.includes('running');
  assert.equal(changed.filter(isFrozen), []);
  const stage = events.find((event) => event.type === 'stage');
  const layers =
    stage
      ?.describe()
      .map(({ label }) => label)
      .filter((label) => /layer2|encoder\.(conv1|bn1)/.test(label)) ?? [];
  assert.ok(layers.length > 0);
  assert.equal(
    layers.filter((label) => /wgrad|backward|dgrad/.test(label)),
    [],
  );
});

test('a linear probe trains the classifier alone, on features of evaluation', async () => {
  const device = await testDevice();
  const settings = setUp(device);
  freeze(settings.model.store, ['encoder']);
  const before = await stateOf(device, settings.model);
  await run(device, settings);
  const after = await stateOf(device, settings.model);
  const changed = [...before].filter(([name, values]) => `${after.get(name)}` !== `${values}`).map(([name]) => name);
  assert.equal(changed, ['classifier.weight']);
});

test('a part that the model does not have cannot be frozen', () => {
  assert.throws(
    () => freeze(createTestModel().store, ['encoder.layer9']),
    /^The model has no encoder\.layer9 to freeze; it has: encoder\.conv1, encoder\.bn1, encoder\.layer2, .+\.$/,
  );
});

test('a run of so many steps ends with them, and its rate falls up to there', async () => {
  const device = await testDevice();
  const settings = setUp(device, { accumulate: 2, steps: 7, schedule: { changes: 'step' } });
  const events = await run(device, settings);
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  // Three steps an epoch, of 2, 2 and 1 micro-batches.
  assert.is(steps.length, 12);
  assert.is(settings.optimizer.steps.get('classifier.weight'), 7);
  const rates = [0, 0.4, 0.8, 1, 1.4, 1.8, 2].map((epoch) => 0.05 * (1 + Math.cos((Math.PI * epoch) / 2.4)));
  assert.equal(
    [...new Set(steps.map(({ lr }) => lr.toPrecision(9)))],
    rates.map((rate) => rate.toPrecision(9)),
  );
  assert.equal(
    events.flatMap((event) => (event.type === 'epoch' ? [event.epoch] : [])),
    [0, 1, 2],
  );
});

test('averaged weights are those of the recurrence, with the statistics of the model, and are what is evaluated', async () => {
  const device = await testDevice();
  const average = { model: createTestModel(), decay: 0.5 };
  const settings = setUp(device, { average, steps: 4, evaluateEvery: 3 });
  const evaluator = await createEvaluator(device, average.model, settings.data);
  let seen: number[][] = [];
  for await (const event of train(device, { ...settings, evaluator })) {
    if (event.type !== 'step' && event.type !== 'start') continue;
    seen = [...seen, (await stateOf(device, settings.model)).get('classifier.weight')!];
  }
  const [first, ...rest] = seen;
  const want = rest.reduce((mean, values) => mean.map((value, i) => 0.5 * value + 0.5 * values[i]!), first!);
  const got = (await stateOf(device, average.model)).get('classifier.weight')!;
  assert.ok(
    got.every((value, i) => Math.abs(value - want[i]!) < 1e-6),
    `${got.slice(0, 3)} instead of ${want.slice(0, 3)}`,
  );
  const name = 'encoder.bn1.running_mean';
  assert.equal((await stateOf(device, average.model)).get(name), (await stateOf(device, settings.model)).get(name));
});

test('balanced epochs have each class equally often, other images each time, by seed and epoch alone', () => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 80 ? 0 : i < 95 ? 1 : 4));
  const indices = allIndices(100).subarray(1);
  const draw = (seed: number, epoch: number) => balanced(indices, labels, { seed, epoch });
  const drawn = draw(1, 0);
  assert.is(drawn.length, 99);
  for (const label of [0, 1, 4]) assert.is(drawn.filter((index) => labels[index] === label).length, 33);
  // Frequent images once at most, rare ones nearly equally often.
  assert.is(new Set(drawn.filter((index) => labels[index] === 0)).size, 33);
  const counts = Array.from({ length: 5 }, (_, i) => drawn.filter((index) => index === 95 + i).length);
  assert.equal(
    counts.map((count) => Math.floor(count / 6)),
    [1, 1, 1, 1, 1],
  );
  assert.equal(draw(1, 0), drawn);
  assert.not.equal([...draw(1, 1)].sort(), [...drawn].sort());
  assert.not.equal(draw(2, 0), drawn);
  assert.is(balanced(indices.subarray(0, 97), labels, { seed: 1, epoch: 3 }).length, 97);
});

test('images of a class stand together in batches, each once, in groups by seed and epoch alone', () => {
  // Five images of each of eight classes, and one that is alone in its class.
  const labels = Int32Array.from({ length: 41 }, (_, i) => Math.floor(i / 5));
  const draw = (seed: number, epoch: number) =>
    epochBatches(allIndices(41), { batch: 6, seed, epoch, together: { labels, per_class: 2 } });
  const batches = draw(1, 0);
  assert.equal(
    batches.map(({ length }) => length),
    [6, 6, 6, 6, 6, 6, 5],
  );
  const order = batches.flatMap((batch) => [...batch]);
  assert.equal(
    [...order].sort((a, b) => a - b),
    [...allIndices(41)],
  );
  // A pair of each class, then a group of three of each, and the one that is alone.
  const classes = order.map((index) => labels[index]);
  const pairs = Array.from({ length: 8 }, (_, i) => classes.slice(2 * i, 2 * i + 2));
  assert.ok(pairs.every(([a, b]) => a === b));
  assert.equal(pairs.map(([label]) => label).sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.is(new Set(classes.slice(16)).size, 9);
  assert.is(classes.slice(16).filter((label, i, rest) => label !== rest[i - 1]).length, 9);
  assert.equal(draw(1, 0), batches);
  for (const other of [draw(1, 1), draw(2, 0)]) assert.not.equal(other, batches);
  assert.throws(
    () => epochBatches(allIndices(8), { batch: 4, seed: 1, epoch: 0, together: { labels, per_class: 3 } }),
    /^Batches of 4 images are not made of 3 of each class; take a number that divides 4\.$/,
  );
});

test('each step tells how many of its images have no positive, and groups of a class leave none', async () => {
  const device = await testDevice();
  const alone = async (more: Partial<TrainConfig>) => {
    const model = createModel({ ...MODEL, projector: { out: 8 } });
    const settings = setUp(device, {
      ...{ method: scl, model, options: { ...config, epochs: 2 }, optimizer: sgd(model.store.arena) },
      ...{ batch: 4, indices: allIndices(24), ...more },
    });
    const told: (number | undefined)[] = [];
    for await (const event of train(device, { ...settings, readEvery: 1 }))
      if (event.type === 'step') told.push(event.contrast?.alone);
    const wanted = [0, 1].flatMap((epoch) =>
      drawnBatches(settings.indices, settings.data.labels, epoch, settings).map((batch) => {
        const labels = [...batch].map((index) => settings.data.labels[index]);
        return (100 * labels.filter((label) => labels.indexOf(label) === labels.lastIndexOf(label)).length) / 4;
      }),
    );
    assert.equal(told, wanted);
    return told as number[];
  };
  // Steps of an epoch that differ, so that each tells of itself alone.
  assert.ok(new Set((await alone({})).slice(0, 6)).size > 1);
  assert.ok((await alone({ per_class: 2 })).every((share) => share === 0));
});

test.run();
