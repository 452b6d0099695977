import { randomNormal } from '../../src/data/random.ts';
import { planesOf, principalAxes } from '../../src/report/projection.ts';
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

type Points = readonly (readonly number[])[];

const distance = ([x0, y0]: readonly number[], [x1, y1]: readonly number[]) => Math.hypot(x0! - x1!, y0! - y1!);

/** How many points have their nearest neighbour in their own group of `perGroup` consecutive points. */
function faithful(points: Points, perGroup: number): number {
  const indices = points.map((_, i) => i);
  return indices.filter((i) => {
    const others = indices.filter((j) => j !== i);
    const nearest = others.reduce((a, b) =>
      distance(points[i]!, points[b]!) < distance(points[i]!, points[a]!) ? b : a,
    );
    return Math.floor(nearest / perGroup) === Math.floor(i / perGroup);
  }).length;
}

const near = (got: readonly number[], want: number[], margin: number) => {
  assert.is(got.length, want.length);
  for (const [i, value] of want.entries())
    assert.ok(Math.abs(got[i]! - value) < margin, `element ${i} is ${got[i]}, not ${value}`);
};

const planes = (features: Float32Array, n: number) =>
  Object.fromEntries(planesOf(features, n).map(({ name, points }) => [name, points]));

test('the principal axes of four points on a cross', () => {
  // Arms of length 5 along (3, 4, 0) / 5 and 1 along (4, -3, 0) / 5, around (1, 1, 1).
  const features = Float32Array.of(4, 5, 1, -2, -3, 1, 1.8, 0.4, 1, 0.2, 1.6, 1);
  const { coordinates, explained } = principalAxes(features, 4, 2);
  const [first, second] = [coordinates[0]![0]! > 0 ? 5 : -5, coordinates[2]![1]! > 0 ? 1 : -1];
  near(coordinates.flat(), [first, 0, -first, 0, 0, second, 0, -second], 1e-6);
  near(explained, [50 / 52, 2 / 52], 1e-7);
});

test('the variances of stretched noise come out', () => {
  const [n, d] = [400, 40];
  const deviations = Array.from({ length: d }, (_, p) => (p === 7 ? 6 : p === 3 ? 4 : 1));
  const features = randomNormal(n * d, 1, 1, 0).map((value, i) => value * deviations[i % d]!);
  const { coordinates, explained } = principalAxes(features, n, 2);
  near(explained, [36 / 90, 16 / 90], 0.04);
  // The first axis is the seventh dimension, up to the little that noise turns it.
  let [sum, own, along] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    sum += coordinates[i]![0]! * features[i * d + 7]!;
    own += features[i * d + 7]! ** 2;
    along += coordinates[i]![0]! ** 2;
  }
  assert.ok(Math.abs(sum) / Math.sqrt(own * along) > 0.99);
});

test('fewer points than dimensions, one dimension, and equal points', () => {
  const two = principalAxes(Float32Array.of(0, 0, 0, 3, 4, 0), 2, 2);
  near(
    two.coordinates.map(([x]) => Math.abs(x!)),
    [2.5, 2.5],
    1e-6,
  );
  near(two.explained, [1, 0], 1e-12);
  near(principalAxes(Float32Array.of(1, 3), 2, 2).explained, [1], 1e-12);
  assert.equal(principalAxes(new Float32Array(12).fill(2), 3, 2).explained, [0, 0]);
});

test('UMAP parts six groups, and equal features give equal planes', () => {
  const features = blobs(6, 25, 64, 20);
  const { UMAP, PCA } = planes(features, 150);
  assert.is(faithful(UMAP!, 25), 150);
  assert.is(PCA!.length, 150);
  assert.equal(planes(features, 150), { UMAP, PCA });
});

test('few or equal points have finite places', () => {
  for (const n of [1, 2, 3, 5])
    for (const { name, points } of planesOf(new Float32Array(3 * n).fill(1), n)) {
      assert.is(points.length, n);
      assert.ok(points.flat().every(Number.isFinite), `${n} points of ${name}`);
    }
});

test('refuses what does not fit', () => {
  assert.throws(() => planesOf(new Float32Array(7), 2), /7 feature values cannot be shared by 2 points/);
  assert.throws(() => planesOf(new Float32Array(0), 0), /cannot be shared by 0 points/);
});

test.run();
