import { augment } from '../../src/data/augment.ts';
import { allIndices } from '../../src/data/sampler.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { coin } from '../../src/methods/coin.ts';
import type { Method } from '../../src/methods/method.ts';
import { scl } from '../../src/methods/scl.ts';
import { simclr } from '../../src/methods/simclr.ts';
import { classAlignment, uniformity } from '../../src/metrics/alignment_uniformity.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { createTape } from '../../src/tape/tape.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import { createEvaluator, evaluate } from '../../src/train/evaluate.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { train } from '../../src/train/trainer.ts';
import { saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { config } from '../methods/config.ts';
import { refusal } from '../refusal.ts';
import { corners } from './corners.ts';

const test = suite('trainer');

function setUp(device: Device, method: Method, more: Partial<TrainConfig> = {}): TrainConfig & { model: Model } {
  const data = corners(device);
  const model = createModel({
    arch: 'resnet8',
    encoder: { width: 4, channels: 1 },
    projector: method.projector ? { out: 8 } : undefined,
    classes: method.views ? undefined : 3,
    seed: 1,
  });
  return {
    method,
    options: config,
    model,
    optimizer: sgd(model.store.arena, { momentum: 0.9, nesterov: true, weight_decay: 1e-4 }),
    data,
    indices: allIndices(27),
    batch: 9,
    lr: 0.1,
    seed: 3,
    augmentation: { brightness: 0.1 },
    ...more,
  };
}

async function run(device: Device, settings: TrainConfig): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(device, settings)) events.push(event);
  return events;
}

const of = <T extends TrainEvent['type']>(events: TrainEvent[], type: T) =>
  events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);

const stateOf = async (device: Device, { store }: Model) =>
  Object.fromEntries(
    [...(await saveState(device, store.entries))].map(([name, { data }]) => [name, [...(data as Float32Array)]]),
  );

for (const method of [ceTuning, scl, coin])
  test(`${method.title} learns to tell three corners apart`, async () => {
    const device = await testDevice();
    const settings = setUp(device, method, { options: { ...config, epochs: 12, alpha: 0.34 } });
    const evaluator = await createEvaluator(device, settings.model, settings.data, { batch: 20 });
    const events = await run(device, { ...settings, evaluator, evaluateEvery: 12 });
    const [before, after] = of(events, 'evaluation');
    assert.ok(after!.top1! > 95, `top-1 is ${before!.top1} before and ${after!.top1} after`);
    assert.ok(after!.s_dbw!.scat < before!.s_dbw!.scat);
  });

test('COIN switches its loss at αN, leaves the classifier alone before, and does not restart the learning rate', async () => {
  const device = await testDevice();
  const settings = setUp(device, coin);
  const classifier = async () => (await stateOf(device, settings.model))['classifier.weight'];
  const initial = await classifier();
  const rates: number[] = [];
  for await (const event of train(device, settings)) {
    if (event.type === 'epoch') {
      rates.push(event.lr);
      assert.equal(
        Object.keys(event.losses).sort(),
        event.epoch < 2 ? ['sup_con', 'total'] : ['cross_entropy', 'sup_con', 'total'],
      );
      if (event.epoch === 1) assert.equal(await classifier(), initial);
      if (event.epoch === 2) assert.not.equal(await classifier(), initial);
    }
  }
  assert.equal(
    rates,
    [0, 1, 2, 3].map((e) => 0.5 * 0.1 * (1 + Math.cos((Math.PI * e) / 4))),
  );
});

test('each epoch tells how well the projected features find each other, as the metrics of its features have it', async () => {
  const device = await testDevice();
  // All images in one batch, seen as they are: an epoch's features are those of the model before it.
  const settings = setUp(device, coin, { batch: 27, options: { ...config, epochs: 1, alpha: 1 }, augmentation: {} });
  const { encoder, projector } = settings.model;
  const tape = createTape(device.target, { grad: false });
  const batch = augment(tape, settings.data, 27, {});
  tape.output('z', projector!(tape, encoder.forward(tape, batch.images, true), true));
  const program = await compile(device, tape);
  const { z } = await program.run({ indices: allIndices(27), counter: new Uint32Array(2) }, ['z']).read();
  const [event] = of(await run(device, settings), 'epoch');
  const { alone, top1, alignment, uniformity: spread } = event!.contrast!;
  assert.is(alone, 0);
  assert.ok(top1! > 0 && top1! <= 100);
  assert.ok(Math.abs(alignment! - classAlignment(z as Float32Array, settings.data.labels)!) < 1e-4);
  assert.ok(Math.abs(spread - (await uniformity(device, z as Float32Array, 27))) < 1e-4);
  assert.equal(Object.keys(event!.losses).sort(), ['sup_con', 'total']);
});

test('COIN with α = 0 is SCL to the bit', async () => {
  const device = await testDevice();
  const states = [];
  for (const [method, options] of [
    [coin, { ...config, alpha: 0, epochs: 1 }],
    [scl, { ...config, epochs: 1 }],
  ] as const) {
    const settings = setUp(device, method, { options });
    await run(device, settings);
    states.push(await stateOf(device, settings.model));
  }
  assert.equal(states[0], states[1]);
});

test('the same seed gives the same bits, another seed does not', async () => {
  const device = await testDevice();
  const states = [];
  for (const seed of [3, 3, 4]) {
    const settings = setUp(device, coin, { seed });
    await run(device, settings);
    states.push(await stateOf(device, settings.model));
  }
  assert.equal(states[0], states[1]);
  assert.not.equal(states[0], states[2]);
});

test('a last short batch and gradient accumulation with a partial group take all steps', async () => {
  const device = await testDevice();
  const settings = setUp(device, scl, { batch: 8, accumulate: 3, readEvery: 1, options: { ...config, epochs: 1 } });
  const events = await run(device, settings);
  // 27 images in batches of 8, 8, 8 and 3: a step after the third and one after the last.
  assert.is(settings.optimizer.steps.get('classifier.weight'), 2);
  // The epoch's losses are means over its images.
  const [epoch] = of(events, 'epoch');
  for (const [name, mean] of Object.entries(epoch!.losses)) {
    const sum = of(events, 'step').reduce((total, { losses }, i) => total + losses[name]! * [8, 8, 8, 3][i]!, 0);
    assert.ok(Math.abs(mean - sum / 27) < 1e-9, `${name} is ${mean} instead of ${sum / 27}`);
  }
});

test('SimCLR pulls the views of an image together', async () => {
  const device = await testDevice();
  const augmentation = { crop: { scale: [0.5, 1] as const }, brightness: 0.3 };
  const settings = setUp(device, simclr, { options: { ...config, epochs: 8 }, augmentation });
  const losses = of(await run(device, settings), 'epoch').map((event) => event.losses.nt_xent!);
  assert.ok(losses.at(-1)! < losses[0]! - 0.1, `NT-Xent goes ${losses.map((loss) => loss.toFixed(2)).join(' ')}`);
});

test('a loss that is not finite stops with method, epoch and advice', async () => {
  const device = await testDevice();
  assert.match(
    await refusal(run(device, setUp(device, ceTuning, { lr: 1e30 }))),
    /^ce-tuning: the loss \w+ became .+ in epoch \d \(fine-tuning, learning rate .+\); try a lower learning rate\.$/,
  );
});

test('a weight that is not finite stops training, also one that the loss does not reach', async () => {
  const device = await testDevice();
  const settings = setUp(device, coin, { options: { ...config, epochs: 1, alpha: 1 } });
  const classifier = settings.model.store.entries.find(({ name }) => name === 'classifier.weight')!.tensor;
  const values = new Float32Array(classifier.shape[0]! * 3);
  values[4] = Number.NEGATIVE_INFINITY;
  device.write(classifier, values);
  assert.match(
    await refusal(run(device, settings)),
    /^coin: the weight classifier\.weight became -Infinity in epoch 1 \(contrastive initialization, learning rate 0\.100\)/,
  );
});

for (const [name, value, what] of [
  ['encoder.bn1.running_var', Number.NaN, 'features'],
  ['classifier.weight', Number.POSITIVE_INFINITY, 'logits'],
] as const)
  test(`evaluation refuses ${what} that are not finite`, async () => {
    const device = await testDevice();
    const { model, data } = setUp(device, ceTuning);
    const { tensor } = model.store.entries.find((entry) => entry.name === name)!;
    const values = new Float32Array(tensor.shape.reduce((a, b) => a * b, 1)).fill(value);
    const evaluator = await createEvaluator(device, model, data, { batch: 20 });
    device.write(tensor, values);
    assert.match(
      await refusal(evaluate(evaluator)),
      new RegExp(`^The ${what} of corners are no finite numbers \\(.* among images 0 to 19\\)`),
    );
  });

test('evaluation at another size is that of resized images', async () => {
  const device = await testDevice();
  const { model, data } = setUp(device, ceTuning);
  const features = [];
  for (const view of [{}, { size: [8, 8] as const }, { size: [16, 16] as const }])
    features.push((await evaluate(await createEvaluator(device, model, data, { view }))).features);
  assert.equal(features[1], features[0]);
  assert.not.equal(features[2], features[0]);
});

test('one image that is left over trains with the batch before it, and that is told', async () => {
  const device = await testDevice();
  const settings = setUp(device, scl, { batch: 13, options: { ...config, epochs: 1 } });
  const events = await run(device, settings);
  assert.is(of(events, 'start')[0]!.stepsPerEpoch, 2);
  assert.is(settings.optimizer.steps.get('classifier.weight'), 2);
  assert.equal(
    of(events, 'notice').map(({ message }) => message),
    ['27 images in batches of 13 leave one over, which joins the last batch'],
  );
});

test('a contrastive stage refuses batches of one image', async () => {
  const device = await testDevice();
  for (const method of [scl, coin, simclr])
    assert.match(
      await refusal(run(device, setUp(device, method, { batch: 1 }))),
      new RegExp(`^${method.name}: a batch of 1 image has no pairs for the contrastive loss`),
    );
});

test('anchors without positives are told once, before training, where they are many', async () => {
  const device = await testDevice();
  const told = async (images: number, method: Method = coin): Promise<string[]> => {
    const settings = setUp(device, method, { indices: allIndices(images), batch: images });
    return of(await run(device, settings), 'notice').map(({ message }) => message);
  };
  // Images 0, 1 and 2 are of three classes; image 3 is of the class of image 0.
  const [message = '', ...more] = await told(3);
  assert.match(
    message,
    /^in contrastive initialization, 100 % of the images have no other image of their class in their batch of 3, and 1 of 1 batches have no pair at all: /,
  );
  assert.equal(more, []);
  assert.equal(await told(4), []);
  assert.equal(await told(3, simclr), []);
  assert.equal(await told(3, ceTuning), []);
});
