// S_Dbw, a validity index of clusters: average scattering within clusters plus density between them; lower is better.
// Halkidi and Vazirgiannis, "Clustering Validity Assessment: Finding the Optimal Partitioning of a Data Set", ICDM
// 2001, in the forms and with the conventions of the Python package s-dbw 0.4.0, which papers report: sigma is
// everywhere a vector of population standard deviations.

import { median } from '../quantile.ts';

/** How the index is computed; every field has the package's default. */
export interface SDbwOptions {
  /**
   * - Halkidi: a point counts when its Euclidean distance to a centre is at most the clusters' average deviation
   *   (ICDM 2001).
   * - Kim: when it lies in the 95 % confidence box of the centre in every dimension; scattering is weighted by cluster
   *   size (Kim and Lee, PAKDD 2003).
   * - Tong: as Kim, but the centre between two clusters leans towards the smaller and the denser one
   *   (Tong and Tan, Journal of Electronics (China) 26, 2009).
   */
  method?: 'Tong' | 'Kim' | 'Halkidi';
  /** What a cluster's centre is, dimension by dimension. */
  center?: 'mean' | 'median';
  /** Whether the centre is then moved to the nearest point of its cluster. */
  nearest_center?: boolean;
  /**
   * What becomes of points with the label -1: comb makes them one more cluster, sep makes each a cluster of its own,
   * bind gives each the label of its nearest labelled point, filter drops them.
   */
  noise?: 'comb' | 'sep' | 'bind' | 'filter';
}

/** The index and its two terms: `score` = `scat` + `dens_bw`. NaN when all points are equal. */
export interface SDbw {
  score: number;
  scat: number;
  dens_bw: number;
}

interface Cluster {
  /** Row numbers, ascending. */
  rows: number[];
  center: Float64Array;
  /** The standard deviation of every dimension. */
  sigma: Float64Array;
}

type Features = Float32Array | Float64Array;

const NOISE = -1;
const CONFIDENCE = 1.96;
const LAMBDA = 0.7;

/**
 * Computes S_Dbw in float64.
 * @param features n x d, row-major: one point a row.
 * @param labels n integers: the cluster of every point, -1 for noise.
 * @throws when the sizes do not fit, when there are fewer than two clusters or as many labels as points, and when the
 * density of two or more clusters is zero, where the index is not defined (only with `nearest_center: false`).
 */
export function sDbw(features: Features, labels: ArrayLike<number>, options: SDbwOptions = {}): SDbw {
  const { method = 'Tong', center = 'mean', nearest_center = true, noise = 'comb' } = options;
  const n = labels.length;
  const d = features.length / n;
  if (n === 0 || d === 0 || !Number.isInteger(d)) {
    throw new Error(`S_Dbw: ${features.length} feature values cannot be shared by ${n} labels; give n x d features.`);
  }
  const distinct = new Set(Array.from(labels)).size;
  if (distinct < 2 || distinct > n - 1) {
    throw new Error(
      `S_Dbw: there are ${distinct} distinct labels for ${n} points; it takes at least 2 and at most ${n - 1}.`,
    );
  }
  const groups = groupRows(resolveNoise(features, d, labels, noise));
  if (groups.length < 2) throw new Error('S_Dbw: fewer than two clusters are left once noise points are dealt with.');

  const all = groups.flat().sort((a, b) => a - b);
  const clusters = groups.map((rows): Cluster => {
    const mean = meanOf(features, d, rows);
    const sigma = deviationOf(features, d, rows, mean);
    const middle = center === 'mean' ? mean : medianOf(features, d, rows);
    return { rows, sigma, center: nearest_center ? nearestRow(features, d, rows, middle) : middle };
  });
  const spread = norm(deviationOf(features, d, all, meanOf(features, d, all)));
  const scat = scattering(clusters, all.length, spread, method);
  const dens_bw = densityBetween(features, d, clusters, method);
  return { score: scat + dens_bw, scat, dens_bw };
}

function scattering(clusters: Cluster[], n: number, spread: number, method: SDbwOptions['method']): number {
  const k = clusters.length;
  let sum = 0;
  for (const { rows, sigma } of clusters) sum += (method === 'Halkidi' ? 1 : (n - rows.length) / n) * norm(sigma);
  return sum / (spread * (method === 'Tong' ? k - 1 : k));
}

function densityBetween(features: Features, d: number, clusters: Cluster[], method: SDbwOptions['method']): number {
  const k = clusters.length;
  let count: (clusters: Cluster[], center: Float64Array) => number;
  if (method === 'Halkidi') {
    const radius = Math.sqrt(clusters.reduce((sum, { sigma }) => sum + norm(sigma), 0)) / k;
    count = (chosen, center) => sumOver(chosen, ({ rows }) => countInBall(features, d, rows, center, radius));
  } else {
    count = (chosen, center) => {
      const box = confidenceBox(chosen);
      return sumOver(chosen, ({ rows }) => countInBox(features, d, rows, center, box));
    };
  }
  const densities = clusters.map((cluster) => count([cluster], cluster.center));
  if (densities.filter((density) => density === 0).length > 1) {
    throw new Error(
      'S_Dbw: the density for two or more clusters equals zero; with nearest_center, every centre counts at least itself.',
    );
  }
  // The density between two clusters does not depend on their order, so every pair is counted once and taken twice.
  let sum = 0;
  for (let i = 0; i < k; i++) {
    for (let j = i + 1; j < k; j++) {
      const [a, b] = [clusters[i]!, clusters[j]!];
      const between = method === 'Tong' ? tongCenter(a, b, densities[i]!, densities[j]!) : midpoint(a.center, b.center);
      sum += (2 * count([a, b], between)) / Math.max(densities[i]!, densities[j]!);
    }
  }
  return sum / (k * (k - 1));
}

/** Half the width of the 95 % confidence box of one cluster, or of two taken together. */
function confidenceBox(clusters: Cluster[]): Float64Array {
  const points = sumOver(clusters, ({ rows }) => rows.length);
  return clusters[0]!.sigma.map((_, p) => {
    const sigma = sumOver(clusters, (cluster) => cluster.sigma[p]!) / clusters.length;
    return (CONFIDENCE * sigma) / Math.sqrt(points);
  });
}

function midpoint(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, p) => (value + b[p]!) / 2);
}

/**
 * Seven tenths of the centres weighted by the other cluster's size, and three tenths of the centres weighted by their
 * own density.
 */
function tongCenter(a: Cluster, b: Cluster, densityA: number, densityB: number): Float64Array {
  const [sizeA, sizeB] = [a.rows.length, b.rows.length];
  return a.center.map((x, p) => {
    const y = b.center[p]!;
    const bySize = (LAMBDA * (x * sizeB + y * sizeA)) / (sizeA + sizeB);
    return bySize + (1 - LAMBDA) * ((x * densityA + y * densityB) / (densityA + densityB));
  });
}

function countInBox(features: Features, d: number, rows: number[], center: Float64Array, box: Float64Array): number {
  let count = 0;
  for (const row of rows) {
    // Nearly every point of many dimensions leaves the box in one of the first.
    let p = 0;
    for (const start = row * d; p < d && Math.abs(features[start + p]! - center[p]!) <= box[p]!; ) p++;
    if (p === d) count++;
  }
  return count;
}

function countInBall(features: Features, d: number, rows: number[], center: Float64Array, radius: number): number {
  // The margin leaves the decision at the boundary to the exact comparison of the distance.
  const giveUp = radius * radius * (1 + 1e-9);
  let count = 0;
  for (const row of rows) {
    if (Math.sqrt(squaredDistance(features, row * d, center, giveUp)) <= radius) count++;
  }
  return count;
}

/**
 * The squared distance of the point that starts at `start` to `center`; once it exceeds `giveUp`, any number beyond
 * that.
 */
function squaredDistance(features: Features, start: number, center: Float64Array, giveUp: number): number {
  let sum = 0;
  for (let p = 0; p < center.length && sum <= giveUp; p++) {
    const difference = features[start + p]! - center[p]!;
    sum += difference * difference;
  }
  return sum;
}

function meanOf(features: Features, d: number, rows: number[]): Float64Array {
  const mean = new Float64Array(d);
  for (const row of rows) {
    for (let p = 0, start = row * d; p < d; p++) mean[p]! += features[start + p]!;
  }
  return mean.map((sum) => sum / rows.length);
}

function medianOf(features: Features, d: number, rows: number[]): Float64Array {
  const values = new Float64Array(rows.length);
  return new Float64Array(d).map((_, p) => {
    rows.forEach((row, i) => {
      values[i] = features[row * d + p]!;
    });
    return median(values);
  });
}

/** The population standard deviation of every dimension, from a second pass over the points, which does not cancel. */
function deviationOf(features: Features, d: number, rows: number[], mean: Float64Array): Float64Array {
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
function nearestIndex(features: Features, d: number, rows: number[], center: Float64Array): number {
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

function nearestRow(features: Features, d: number, rows: number[], center: Float64Array): Float64Array {
  return pointOf(features, d, rows[nearestIndex(features, d, rows, center)]!);
}

function pointOf(features: Features, d: number, row: number): Float64Array {
  return Float64Array.from(features.subarray(row * d, (row + 1) * d));
}

/** The labels after noise is dealt with; -1 is left only on points to be dropped. */
function resolveNoise(features: Features, d: number, labels: ArrayLike<number>, noise: SDbwOptions['noise']): number[] {
  const given = Array.from(labels);
  if (!given.includes(NOISE) || noise === 'filter') return given;
  let next = given.reduce((largest, label) => Math.max(largest, label)) + 1;
  if (noise === 'comb') return given.map((label) => (label === NOISE ? next : label));
  if (noise === 'sep') return given.map((label) => (label === NOISE ? next++ : label));
  const labelled = given.flatMap((label, row) => (label === NOISE ? [] : [row]));
  return given.map((label, row) => {
    if (label !== NOISE) return label;
    return given[labelled[nearestIndex(features, d, labelled, pointOf(features, d, row))]!]!;
  });
}

/** The rows of every cluster, clusters in ascending order of their labels, without noise. */
function groupRows(labels: number[]): number[][] {
  const groups = new Map<number, number[]>();
  labels.forEach((label, row) => {
    if (label === NOISE) return;
    const rows = groups.get(label);
    if (rows) rows.push(row);
    else groups.set(label, [row]);
  });
  return [...groups].sort(([a], [b]) => a - b).map(([, rows]) => rows);
}

function norm(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

function sumOver(clusters: Cluster[], value: (cluster: Cluster) => number): number {
  return clusters.reduce((sum, cluster) => sum + value(cluster), 0);
}
