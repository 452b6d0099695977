// Statistics of some of the rows of a matrix of points: n x d, row-major, one point a row; all in float64.

import { median } from '../quantile.ts';

export type Points = Float32Array | Float64Array;

export function meanOf(features: Points, d: number, rows: number[]): Float64Array {
  const mean = new Float64Array(d);
  for (const row of rows) {
    for (let p = 0, start = row * d; p < d; p++) mean[p]! += features[start + p]!;
  }
  return mean.map((sum) => sum / rows.length);
}

export function medianOf(features: Points, d: number, rows: number[]): Float64Array {
  const values = new Float64Array(rows.length);
  return new Float64Array(d).map((_, p) => {
    rows.forEach((row, i) => {
      values[i] = features[row * d + p]!;
    });
    return median(values);
  });
}

/** The population standard deviation of every dimension, from a second pass over the points, which does not cancel. */
export function deviationOf(features: Points, d: number, rows: number[], mean: Float64Array): Float64Array {
  const squares = new Float64Array(d);
  for (const row of rows) {
    for (let p = 0, start = row * d; p < d; p++) {
      const difference = features[start + p]! - mean[p]!;
      squares[p]! += difference * difference;
    }
  }
  return squares.map((sum) => Math.sqrt(sum / rows.length));
}

/** The index in `rows` of the point nearest to `center`; of equally near ones, the first. */
export function nearestIndex(features: Points, d: number, rows: number[], center: Float64Array): number {
  let nearest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  rows.forEach((row, i) => {
    const distance = squaredDistance(features, row * d, center, smallest);
    if (distance < smallest) {
      smallest = distance;
      nearest = i;
    }
  });
  return nearest;
}

export function nearestRow(features: Points, d: number, rows: number[], center: Float64Array): Float64Array {
  return pointOf(features, d, rows[nearestIndex(features, d, rows, center)]!);
}

export function pointOf(features: Points, d: number, row: number): Float64Array {
  return Float64Array.from(features.subarray(row * d, (row + 1) * d));
}

/**
 * The squared distance of the point that starts at `start` to `center`; once it exceeds `giveUp`, any number beyond
 * that.
 */
export function squaredDistance(features: Points, start: number, center: Float64Array, giveUp: number): number {
  let sum = 0;
  for (let p = 0; p < center.length && sum <= giveUp; p++) {
    const difference = features[start + p]! - center[p]!;
    sum += difference * difference;
  }
  return sum;
}
