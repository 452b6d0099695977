import { createDataset, equalSizes } from '../../src/data/dataset.ts';
import { randomNormal } from '../../src/data/random.ts';
import { calibrationError } from '../../src/metrics/calibration.ts';
import { createModel } from '../../src/nn/model.ts';
import { createEvaluator, evaluate } from '../../src/train/evaluate.ts';
import { saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { corners } from './corners.ts';

const test = suite('evaluation');

test('features of an image do not depend on the others of its batch, and the model stays as it is', async () => {
  const device = await testDevice();
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 1 });
  const data = corners(device);
  const before = await saveState(device, model.store.entries);
  const [one, many] = [
    await evaluate(await createEvaluator(device, model, data, { batch: 4 })),
    await evaluate(await createEvaluator(device, model, data, { batch: 20 })),
  ];
  const largest = Math.max(...many.features.map(Math.abs));
  for (const [i, value] of many.features.entries())
    assert.ok(Math.abs(one.features[i]! - value) < 1e-5 * largest, `feature ${i} is ${one.features[i]} and ${value}`);
  assert.is(one.scores.top1, many.scores.top1);
  const after = await saveState(device, model.store.entries);
  for (const [name, { data: values }] of before) assert.equal(after.get(name)!.data, values, name);
});

/** Images of noise and stripes, which the model takes for all three classes. */
async function setUp(labelOf: (i: number) => number, count = 21) {
  const device = await testDevice();
  const noise = randomNormal(count * 64, 60, 5, 5);
  const data = createDataset(device.target, {
    name: 'noise',
    channels: 1,
    sizes: equalSizes(count, [8, 8]),
    pixels: Uint8Array.from({ length: count * 64 }, (_, i) =>
      Math.max(0, Math.min(255, 128 + noise[i]! + (Math.floor(i / 64) % 3 === Math.floor(i / 16) % 3 ? 120 : -100))),
    ),
    labels: Int32Array.from({ length: count }, (_, i) => labelOf(i)),
    classes: ['a', 'b', 'c'],
  });
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 7 });
  return { device, data, model };
}

test('batches of any size give the same features, and predictions are those of the classifier', async () => {
  const { device, data, model } = await setUp((i) => i % 3);
  const [whole, parts] = await Promise.all(
    // In batches of 2 more are on their way than are waited for, and one image is left over.
    [64, 2].map(async (batch) => evaluate(await createEvaluator(device, model, data, { batch }))),
  );
  assert.ok(parts!.features.every((value, i) => Math.abs(value - whole!.features[i]!) < 1e-5));
  assert.equal(parts!.answers!.predictions, whole!.answers!.predictions);
  assert.equal(parts!.scores.top1, whole!.scores.top1);

  const weight = (await saveState(device, model.store.entries)).get('classifier.weight')!.data as Float32Array;
  const dim = whole!.features.length / 21;
  const logitsOf = (i: number) => {
    const features = whole!.features.subarray(i * dim, (i + 1) * dim);
    return [0, 1, 2].map((label) => features.reduce((sum, x, p) => sum + x * weight[label * dim + p]!, 0));
  };
  const wanted = Array.from({ length: 21 }, (_, i) => {
    const logits = logitsOf(i);
    return logits.indexOf(Math.max(...logits));
  });
  const likely = Array.from({ length: 21 }, (_, i) => {
    const logits = logitsOf(i);
    return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - Math.max(...logits)), 0);
  });
  assert.equal([...whole!.answers!.predictions], wanted);
  const { confidences, confusion } = parts!.answers!;
  for (const [i, share] of likely.entries()) assert.ok(Math.abs(confidences[i]! - share) < 1e-5, `${i}`);
  assert.is(confusion.matrix[3 + wanted[1]!], wanted.filter((label, i) => i % 3 === 1 && label === wanted[1]).length);
  // Each answer is more probable than a third, and three classes have no five best.
  const right = wanted.map((label, i) => label === i % 3);
  assert.ok(Math.abs(parts!.scores.ece! - 100 * calibrationError(likely, right)) < 1e-3);
  assert.is(parts!.scores.top5, undefined);
  // Or else the test would say little.
  assert.is(new Set(wanted).size, 3);
  assert.is(whole!.scores.top1, (100 * wanted.filter((label, i) => label === i % 3).length) / 21);
});

test('of more than five classes it counts labels among the five largest logits', async () => {
  const { device, data, model: few } = await setUp((i) => i % 3);
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const labels = data.labels.map((_, i) => (i * i + 3) % 7);
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 7, seed: 7 });
  const many = { ...data, classes: names, labels };
  const { scores, features } = await evaluate(await createEvaluator(device, model, many, { batch: 8 }));
  const weight = (await saveState(device, model.store.entries)).get('classifier.weight')!.data as Float32Array;
  const dim = few.encoder.dim;
  const within = Array.from(labels, (label, i) => {
    const own = features.subarray(i * dim, (i + 1) * dim);
    const logits = names.map((_, c) => own.reduce((sum, x, p) => sum + x * weight[c * dim + p]!, 0));
    return logits.filter((logit) => logit > logits[label]!).length < 5;
  }).filter(Boolean).length;
  assert.ok(within > 0 && within < 21, `${within}`);
  assert.is(scores.top5, (100 * within) / 21);
});

test('neighbours are looked for among the given images alone', async () => {
  const { device, data, model } = await setUp((i) => i % 3);
  const images = Uint32Array.of(4, 10, 16);
  const evaluator = await createEvaluator(device, model, data, { bank: { data, images } });
  const { bank, features, scores } = await evaluate(evaluator);
  const { dim } = model.encoder;
  assert.equal([...bank!.labels], [1, 1, 1]);
  for (let p = 0; p < dim; p++) assert.ok(Math.abs(bank!.features[dim + p]! - features[10 * dim + p]!) < 1e-5);
  // All of them are of one class, so that all images are taken for it.
  assert.ok(Math.abs(scores.knn! - 100 / 3) < 1e-9);
});

test('it tells how far it is, from none to all', async () => {
  const { device, data, model } = await setUp((i) => i % 3);
  const told: string[] = [];
  await evaluate(await createEvaluator(device, model, data, { batch: 5 }), ({ images, of }) =>
    told.push(`${images}/${of}`),
  );
  assert.equal(told, ['0/21', '5/21', '10/21', '15/21', '20/21', '21/21']);
});

test('images of one class have an accuracy and no S_Dbw, for a reason that is told', async () => {
  const { device, data, model } = await setUp(() => 1);
  const { scores } = await evaluate(await createEvaluator(device, model, data));
  assert.ok(scores.top1 !== undefined);
  assert.is(scores.s_dbw, undefined);
  assert.match(scores.s_dbw_undefined!, /^S_Dbw is undefined: all points \(21\) have one label/);
});

test.run();

test('a batch that cannot be is refused', async () => {
  const device = await testDevice();
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, seed: 1 });
  for (const batch of [0, -1, 1.5, Number.NaN])
    assert.match(
      await refusal(createEvaluator(device, model, corners(device), { batch })),
      /^createEvaluator: batch is \S+, but it must be a whole number at least 1\.$/,
    );
});
