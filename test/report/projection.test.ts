import { randomNormal } from '../../src/data/random.ts';
import { pca, tsne } from '../../src/report/projection.ts';
import { assert, suite } from '../harness.ts';

const test = suite('projection');

/**
 * `perGroup` points around each of `groups` corners of a simplex in d dimensions, `distance` deviations from the
 * middle.
 */
function blobs(groups: number, perGroup: number, d: number, distance: number): Float32Array {
  return randomNormal(groups * perGroup * d, 1, 3, 0).map(
    (value, i) => value + (i % d === Math.floor(i / d / perGroup) ? distance : 0),
  );
}

const distance = (points: Float32Array, i: number, j: number) =>
  Math.hypot(points[2 * i]! - points[2 * j]!, points[2 * i + 1]! - points[2 * j + 1]!);

/** How many points have their nearest neighbour in their own group of `perGroup` consecutive points. */
function faithful(points: Float32Array, perGroup: number): number {
  const indices = Array.from({ length: points.length / 2 }, (_, i) => i);
  return indices.filter((i) => {
    const others = indices.filter((j) => j !== i);
    const nearest = others.reduce((a, b) => (distance(points, i, b) < distance(points, i, a) ? b : a));
    return Math.floor(nearest / perGroup) === Math.floor(i / perGroup);
  }).length;
}

const near = (got: ArrayLike<number>, want: number[], margin: number) =>
  want.forEach((value, i) => {
    assert.ok(Math.abs(got[i]! - value) < margin, `element ${i} is ${got[i]}, not ${value}`);
  });

test('the principal axes of four points on a cross', () => {
  // Arms of length 5 along (3, 4, 0) / 5 and 1 along (4, -3, 0) / 5, around (1, 1, 1).
  const features = Float32Array.of(4, 5, 1, -2, -3, 1, 1.8, 0.4, 1, 0.2, 1.6, 1);
  const { points, explained } = pca(features, 4);
  near(points, [5, 0, -5, 0, 0, 1, 0, -1], 1e-6);
  near(explained, [50 / 52, 2 / 52], 1e-7);
});

test('the variances of stretched noise come out', () => {
  const [n, d] = [2000, 40];
  const deviations = Array.from({ length: d }, (_, p) => (p === 7 ? 6 : p === 3 ? 4 : 1));
  const features = randomNormal(n * d, 1, 1, 0).map((value, i) => value * deviations[i % d]!);
  const { points, explained } = pca(features, n);
  near(explained, [36 / 90, 16 / 90], 0.02);
  // The first axis is the seventh dimension, up to the little that noise turns it.
  let [sum, own, along] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    sum += points[2 * i]! * features[i * d + 7]!;
    own += features[i * d + 7]! ** 2;
    along += points[2 * i]! ** 2;
  }
  assert.ok(sum / Math.sqrt(own * along) > 0.99);
});

test('fewer points than dimensions, one dimension, and equal points', () => {
  const { points, explained } = pca(Float32Array.of(0, 0, 0, 3, 4, 0), 2);
  near(points, [-2.5, 0, 2.5, 0], 1e-6);
  near(explained, [1, 0], 1e-12);
  assert.equal(pca(Float32Array.of(1, 3), 2), { points: Float32Array.of(-1, 0, 1, 0), explained: [1, 0] });
  assert.equal(pca(new Float32Array(12).fill(2), 3), { points: new Float32Array(6), explained: [0, 0] });
});

test('principal components part three groups', () => {
  const features = blobs(3, 60, 512, 30);
  const { points } = pca(features, 180);
  assert.is(faithful(points, 60), 180);
  assert.equal(pca(features, 180).points, points);
});

test('t-SNE parts six groups', () => {
  const features = blobs(6, 25, 64, 20);
  const points = tsne(features, 150, 10);
  assert.is(faithful(points, 25), 150);
  assert.ok(points.every(Number.isFinite));
  assert.equal(tsne(features, 150, 10), points);
});

test('t-SNE of few or equal points is finite', () => {
  for (const n of [1, 2, 5]) assert.ok(tsne(new Float32Array(3 * n).fill(1), n).every(Number.isFinite), `${n} points`);
});

test('refuses what does not fit', () => {
  assert.throws(() => pca(new Float32Array(7), 2), /7 feature values cannot be shared by 2 points/);
  assert.throws(() => pca(new Float32Array(0), 0), /cannot be shared by 0 points/);
  assert.throws(() => tsne(new Float32Array(2001), 2001), /2001 points are too many/);
});

test.run();
