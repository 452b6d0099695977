import { randomNormal } from '../../src/data/random.ts';
import { linearProbe } from '../../src/metrics/linear_probe.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('linear probe');

const [N, D, CLASSES] = [40, 5, 3];

/** Three overlapping clouds of very different scales, and a dimension that is constant. */
function clouds(count: number, stream: number) {
  const noise = randomNormal(count * D, 1, 7, stream);
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const features = noise.map((value, i) => {
    const [row, p] = [Math.floor(i / D), i % D];
    if (p === D - 1) return 3;
    return 10 ** p * (value + (p === labels[row] ? 1.2 : 0)) + 5;
  });
  return { features, labels };
}

/** The points of the first class alone, whose mean is not that of all. */
function firstOf({ features, labels }: ReturnType<typeof clouds>) {
  const isFirst = (i: number) => labels[i] === 0;
  return {
    features: features.filter((_, i) => isFirst(Math.floor(i / D))),
    labels: labels.filter((_, i) => isFirst(i)),
  };
}

/** Gradient of Σ cross-entropy + ½ ‖weight‖² in float64, and the classes that are most likely. */
function inFloat64(
  { weight, bias }: { weight: Float32Array; bias: Float32Array },
  { features, labels }: ReturnType<typeof clouds>,
  from = features,
) {
  const column = (p: number) => Array.from({ length: from.length / D }, (_, row) => from[row * D + p]!);
  const moments = Array.from({ length: D }, (_, p) => {
    const values = column(p);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
  });
  const gradient = { weight: Float64Array.from(weight), bias: new Float64Array(CLASSES) };
  const predictions = Array.from(labels, (label, row) => {
    const x = moments.map(({ mean, deviation }, p) =>
      deviation === 0 ? 0 : (features[row * D + p]! - mean) / deviation,
    );
    const logits = Array.from(bias, (own, c) =>
      x.reduce((sum, value, p) => sum + value * weight[p * CLASSES + c]!, own),
    );
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    for (const [c, logit] of logits.entries()) {
      const error = Math.exp(logit) / total - Number(c === label);
      gradient.bias[c]! += error;
      for (const [p, value] of x.entries()) gradient.weight[p * CLASSES + c]! += error * value;
    }
    return logits.indexOf(Math.max(...logits));
  });
  return { gradient, predictions };
}

test('it ends where the gradient of the penalised loss is zero, and says what that minimum says', async () => {
  const [train, tested] = [clouds(N, 1), firstOf(clouds(93, 2))];
  const probe = await linearProbe(await testDevice(), train, tested, { classes: CLASSES });
  const { gradient } = inFloat64(probe, train);
  for (const value of [...gradient.weight, ...gradient.bias]) assert.ok(Math.abs(value) < 1e-3, `a slope of ${value}`);
  const { predictions } = inFloat64(probe, tested, train.features);
  assert.equal([...probe.predictions], predictions);
  const right = predictions.filter((prediction, i) => prediction === tested.labels[i]).length;
  assert.is(probe.accuracy, right / 31);
  assert.ok(probe.accuracy > 0.5 && probe.accuracy < 1 && probe.iterations < 100);
  // A constant dimension and a weight without use stay as they were.
  assert.equal([...probe.weight.slice((D - 1) * CLASSES)], [0, 0, 0]);
});

test('what does not fit is refused', async () => {
  const device = await testDevice();
  const train = clouds(N, 1);
  assert.match(
    await refusal(linearProbe(device, train, train, { classes: 2 })),
    /a training label is 2, but classes are 0 to 1/,
  );
  const wider = { features: new Float32Array(12), labels: Int32Array.of(0, 1) };
  assert.match(await refusal(linearProbe(device, train, wider, { classes: 3 })), /are not rows of one length/);
});

test.run();
