// How close positive pairs lie on the unit sphere, and how evenly all points are spread on it; lower is better for both. Wang and
// Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere", ICML 2020.

import type { Device } from '../gpu/device.ts';
import { similarities } from './similarities.ts';

/** The scale of distances in the uniformity. */
const T = 2;

/**
 * The mean of |x - y|² over pairs of equal rows of `x` and `y` [n, d], row-major: two views of each of n images. Rows are
 * normalised here. 0 to 4; in float64. Throws when the sizes do not fit.
 */
export function alignment(x: Float32Array, y: Float32Array, n: number): number {
  const d = rowLength(x, n);
  if (y.length !== x.length)
    throw new Error(`alignment: x has ${x.length} values and y ${y.length}; give as many of both.`);
  const [a, b] = [normalized(x, d), normalized(y, d)];
  return a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0) / n;
}

/**
 * The mean of |x - y|² over all pairs of different rows with one label, of features [n, d]; undefined where there is no such pair.
 * In float64, and without going through the pairs: those of m points have the sum m Σ|x|² - |Σx|².
 */
export function classAlignment(features: Float32Array, labels: ArrayLike<number>): number | undefined {
  const d = rowLength(features, labels.length);
  const points = normalized(features, d);
  const classes = new Map<number, { count: number; squares: number; sum: Float64Array }>();
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number;
    const own = classes.get(label) ?? { count: 0, squares: 0, sum: new Float64Array(d) };
    classes.set(label, own);
    own.count++;
    for (let p = 0; p < d; p++) {
      const value = points[row * d + p] as number;
      own.squares += value * value;
      own.sum[p] = (own.sum[p] as number) + value;
    }
  }
  let [total, pairs] = [0, 0];
  for (const { count, squares, sum } of classes.values()) {
    total += count * squares - sum.reduce((length, value) => length + value * value, 0);
    pairs += (count * (count - 1)) / 2;
  }
  return pairs === 0 ? undefined : total / pairs;
}

/**
 * log mean e^(-2 |x - y|²) over all pairs of different rows of features [n, d], row-major; rows are normalised here. -8 to 0.
 * The n² cosines are computed on the device, in strips. Throws when there are fewer than two rows or a value is not finite.
 */
export async function uniformity(device: Device, features: Float32Array, n: number): Promise<number> {
  if (n < 2) throw new Error(`uniformity: there are pairs of points only from two points on, and ${n} are given.`);
  const points = { features, rows: n };
  let sum = 0;
  for await (const { from, rows, cosines } of similarities(device, points, points))
    for (let row = 0; row < rows; row++)
      // Each pair once.
      for (let other = 0; other < from + row; other++)
        sum += Math.exp(-T * (2 - 2 * (cosines[row * n + other] as number)));
  return Math.log(sum / ((n * (n - 1)) / 2));
}

function rowLength(features: Float32Array, n: number): number {
  const d = features.length / n;
  if (d >= 1 && Number.isInteger(d)) return d;
  throw new Error(`${features.length} feature values cannot be shared by ${n} rows; give n x d features.`);
}

function normalized(features: Float32Array, d: number): Float64Array {
  const result = Float64Array.from(features);
  for (let start = 0; start < result.length; start += d) {
    const row = result.subarray(start, start + d);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    row.forEach((value, p) => {
      row[p] = value / Math.max(length, 1e-12);
    });
  }
  return result;
}
