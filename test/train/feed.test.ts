import {
  byteOffsets,
  channelStatistics,
  createDataset,
  type Dataset,
  type LabelledImages,
} from '../../src/data/dataset.ts';
import { createFedDataset } from '../../src/data/feed.ts';
import { type ImageSource, memorySource } from '../../src/data/image_source.ts';
import { randomUniform } from '../../src/data/random.ts';
import { allIndices } from '../../src/data/sampler.ts';
import type { Device } from '../../src/gpu/device.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { createModel } from '../../src/nn/model.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { createEvaluator, evaluate } from '../../src/train/evaluate.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { train } from '../../src/train/trainer.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { config } from '../methods/config.ts';
import { refusal } from '../refusal.ts';

const test = suite('images brought batch by batch');

const COUNT = 15;
const BATCH = 7;

/** Noise in images of different sizes. The last of two batches gets the one that is left over. */
function noise(): LabelledImages {
  const sizes = Uint32Array.from({ length: 2 * COUNT }, (_, i) => 6 + (i % 5));
  const about = { name: 'noise', channels: 3, sizes };
  const bytes = byteOffsets(about).at(-1) as number;
  return {
    ...about,
    pixels: Uint8Array.from(randomUniform(bytes, 0, 256, 1, 2)),
    labels: Int32Array.from({ length: COUNT }, (_, i) => i % 3),
    classes: ['a', 'b', 'c'],
  };
}

/** Trains two epochs from the same first values, on all images at once or as a feed brings them. */
async function trained(device: Device, data: Dataset) {
  const model = createModel({
    arch: 'resnet8',
    encoder: { width: 4, channels: 3 },
    classes: 3,
    seed: 1,
  });
  const view = { size: [8, 8] } as const;
  const events: TrainEvent[] = [];
  const run = train(device, {
    ...{ method: ceTuning, options: { ...config, epochs: 2 }, model, data },
    optimizer: sgd(model.store.arena, { momentum: 0.9 }),
    ...{ indices: allIndices(COUNT), batch: BATCH, lr: 0.05, seed: 3, readEvery: 1 },
    augmentation: { ...view, crop: { scale: [0.3, 1] as const }, flip: 0.5 },
  });
  for await (const event of run) events.push(event);
  const evaluator = await createEvaluator(device, model, data, { batch: 5, view });
  const steps = events.filter((event) => event.type === 'step');
  return { steps, losses: steps.map(({ losses }) => losses), evaluation: await evaluate(evaluator) };
}

const fedFrom = (device: Device, source: ImageSource) =>
  createFedDataset(device.target, source, BATCH + 1, channelStatistics(noise()));

test('training and evaluation give the same bits as with all images on the GPU', async () => {
  const device = await testDevice();
  const [whole, fed] = [
    await trained(device, createDataset(device.target, noise())),
    await trained(device, fedFrom(device, memorySource(noise()))),
  ];
  assert.equal(fed.losses, whole.losses);
  assert.is(fed.losses.length, 4);
  assert.equal(fed.evaluation.features, whole.evaluation.features);
  assert.equal(fed.evaluation.answers, whole.evaluation.answers);
  assert.ok(whole.steps.every(({ waiting }) => waiting === undefined));
});

test('the share of time that steps wait is told, and images are read ahead of the steps that want them', async () => {
  const device = await testDevice();
  const source = memorySource(noise());
  const asked: number[][] = [];
  const slow: ImageSource = {
    ...source,
    async read(indices) {
      asked.push(Array.from(indices));
      await new Promise((resolve) => setTimeout(resolve, 200));
      return source.read(indices);
    },
  };
  const data = fedFrom(device, slow);
  const { feed } = data;
  const batches = [Uint32Array.of(3, 1), Uint32Array.of(2, 0), Uint32Array.of(4), Uint32Array.of(5), Uint32Array.of(6)];
  feed.plan(batches);
  assert.equal(asked, [[3, 1], [2, 0], [4]]);
  assert.equal([...(await feed.bring(device, batches[0]!))], [0, 1]);
  const waited = feed.waited();
  assert.ok(waited > 100, `${waited} ms`);
  // Read meanwhile.
  await feed.bring(device, batches[1]!);
  assert.ok(feed.waited() - waited < 100, `${feed.waited() - waited} ms more`);
  assert.equal(asked.length, 5);
  const { steps } = await trained(device, data);
  assert.ok(steps.every(({ waiting = -1 }) => waiting >= 0 && waiting <= 1));
  assert.ok((steps[0]?.waiting as number) > 0.01, `${steps[0]?.waiting}`);
});

test('images that can no longer be read stop the run, when they are wanted', async () => {
  const device = await testDevice();
  const source = memorySource(noise());
  let left = 2;
  const failing: ImageSource = {
    ...source,
    read: (indices) => (left-- > 0 ? source.read(indices) : Promise.reject(new Error('The images are gone.'))),
  };
  assert.is(await refusal(trained(device, fedFrom(device, failing))), 'The images are gone.');
});

test.run();
