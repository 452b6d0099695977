// Features as points of a plane, for scatter plots. Equal features give equal plots.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { UMAP } from 'umap-js';
import { random4, uniform01 } from '../data/random.ts';
import type { Plane } from './data.ts';

/** Neighbours are looked for along so many principal axes: the rest of an encoder's features is noise that costs time. */
const AXES = 50;

/** About how many neighbours of a point stay near, and how near at most: by less, points would hide each other. */
const NEIGHBOURS = 15;
const NEAREST = 0.4;

/**
 * Lays n features of d numbers, row-major, into planes. Time grows with n³: 500 points take about a second.
 * @throws when the number of values is no multiple of `n`.
 */
export function planesOf(features: Float32Array, n: number): Plane[] {
  const { coordinates } = principalAxes(features, n, AXES);
  return [
    { name: 'UMAP', points: neighbourly(coordinates) },
    { name: 'PCA', points: coordinates.map(([x = 0, y = 0]) => [x, y] as const) },
  ];
}

/**
 * Principal component analysis by the n × n products of the centred rows, whose eigenvectors are the coordinates: there are fewer
 * points than an encoder has features. Each axis is turned so that its largest coordinate is positive.
 * @returns a row a point with at most `axes` coordinates, and the part of the variance along each of them, 0 to 1, largest first.
 */
export function principalAxes(
  features: Float32Array,
  n: number,
  axes: number,
): { coordinates: number[][]; explained: number[] } {
  const d = features.length / n;
  if (!(n > 0 && d > 0 && Number.isInteger(d)))
    throw new Error(
      `Projection: ${features.length} feature values cannot be shared by ${n} points; give n x d features.`,
    );
  const centred = Matrix.from1DArray(n, d, features).center('column');
  const products = centred.mmul(centred.transpose());
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(products, { assumeSymmetric: true });
  const total = products.trace();
  const kept = Array.from({ length: Math.min(axes, n, d) }, (_, axis) => n - 1 - axis).map((column) => {
    const variance = Math.max(0, realEigenvalues[column] as number);
    const direction = eigenvectorMatrix.getColumn(column);
    const largest = direction.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    const scale = Math.sqrt(variance) * (largest < 0 ? -1 : 1);
    return { along: direction.map((value) => scale * value), share: total > 0 ? variance / total : 0 };
  });
  return {
    coordinates: Array.from({ length: n }, (_, i) => kept.map(({ along }) => along[i] as number)),
    explained: kept.map(({ share }) => share),
  };
}

/** UMAP (McInnes et al., arXiv 1802.03426): distances between far groups mean nothing. */
function neighbourly(points: number[][]): Plane['points'] {
  // Fewer points have no neighbours to keep.
  if (points.length <= 2) return points.map((_, i) => [i, 0] as const);
  let drawn = 0;
  const umap = new UMAP({
    nNeighbors: Math.min(NEIGHBOURS, points.length - 1),
    minDist: NEAREST,
    random: () => uniform01(random4(drawn++, 0, 0, 0)[0]),
  });
  return umap.fit(points).map(([x = 0, y = 0]) => [x, y] as const);
}
