// S_Dbw, a validity index of clusters: average scattering within clusters plus density between them; lower is better.
// Halkidi and Vazirgiannis, "Clustering Validity Assessment: Finding the Optimal Partitioning of a Data Set", ICDM
// 2001, in the forms and with the conventions of the Python package s-dbw 0.4.0, which papers report: sigma is
// a vector of population standard deviations (of variances in halkidi2001 alone).

import {
  deviationOf,
  meanOf,
  medianOf,
  nearestIndex,
  nearestRow,
  type Points,
  pointOf,
  squaredDistance,
} from './points.ts';

/** How the index is computed; every field has the package's default. */
export interface SDbwOptions {
  /**
   * - Halkidi: a point counts when its Euclidean distance to a centre is at most the clusters' average deviation
   *   (ICDM 2001).
   * - Kim: when it lies in the 95 % confidence box of the centre in every dimension; scattering is weighted by cluster
   *   size (Kim and Lee, PAKDD 2003).
   * - Tong: as Kim, but the centre between two clusters leans towards the smaller and the denser one
   *   (Tong and Tan, Journal of Electronics (China) 26, 2009).
   * - halkidi2001: as Halkidi, but with variances in place of deviations, as the paper of 2001 has it and not the package.
   */
  method?: 'Tong' | 'Kim' | 'Halkidi' | 'halkidi2001';
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

/** The index and its two terms, all finite: `score` = `scat` + `dens_bw`. */
export interface SDbw {
  score: number;
  scat: number;
  dens_bw: number;
}

interface Cluster {
  /** Row numbers, ascending. */
  rows: number[];
  mean: Float64Array;
  /** What its density is counted around. */
  center: Float64Array;
  /** The standard deviation of every dimension, or in halkidi2001 the variance. */
  sigma: Float64Array;
}

const NOISE = -1;
const CONFIDENCE = 1.96;
const LAMBDA = 0.7;

/**
 * Computes S_Dbw in float64.
 * @param features n x d, row-major: one point a row.
 * @param labels n integers: the cluster of every point, -1 for noise.
 * @throws when the sizes do not fit. Where the index is undefined, a sentence that begins "S_Dbw is undefined": there are
 * fewer than two clusters or as many labels as points, all points are equal or some not finite, or the density of two or more
 * clusters is zero (only with `nearest_center: false`).
 */
export function sDbw(features: Points, labels: ArrayLike<number>, options: SDbwOptions = {}): SDbw {
  const steps = sDbwSteps(features, labels, options);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** Milliseconds after which other work on this thread has its turn. */
const TURN = 30;

/** The same to the bit; while it computes, timers and events go on. */
export async function sDbwInTurns(...given: Parameters<typeof sDbw>): Promise<SDbw> {
  const steps = sDbwSteps(...given);
  let began = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() - began < TURN) continue;
    await new Promise((done) => setTimeout(done));
    began = performance.now();
  }
}

/** Pauses where some milliseconds of work are done. */
function* sDbwSteps(features: Points, labels: ArrayLike<number>, options: SDbwOptions = {}): Generator<void, SDbw> {
  const { method = 'Tong', center = 'mean', nearest_center = true, noise = 'comb' } = options;
  const n = labels.length;
  const d = features.length / n;
  if (n === 0 || d === 0 || !Number.isInteger(d)) {
    throw new Error(`S_Dbw: ${features.length} feature values cannot be shared by ${n} labels; give n x d features.`);
  }
  const distinct = new Set(Array.from(labels)).size;
  if (distinct < 2) throw undefinedFor(`all points (${n}) have one label; it takes points of two classes or more`);
  if (distinct === n)
    throw undefinedFor(`each point (of ${n}) has a label of its own; it takes classes of several points`);
  const groups = groupRows(resolveNoise(features, d, labels, noise));
  if (groups.length < 2) throw undefinedFor('fewer than two clusters are left once noise points are dealt with');

  const clusters: Cluster[] = [];
  for (const rows of groups) {
    const mean = meanOf(features, d, rows);
    yield;
    const deviation = deviationOf(features, d, rows, mean);
    const sigma = method === 'halkidi2001' ? deviation.map((value) => value ** 2) : deviation;
    yield;
    const middle = center === 'mean' ? mean : medianOf(features, d, rows);
    clusters.push({ rows, mean, sigma, center: nearest_center ? nearestRow(features, d, rows, middle) : middle });
    yield;
  }
  const spread = spreadOf(clusters, d, method);
  if (spread === 0) throw undefinedFor('all points are equal');
  if (!Number.isFinite(spread)) throw undefinedFor('some features are no finite numbers');
  const scat = scattering(clusters, spread, method);
  const dens_bw = yield* densityBetween(features, d, clusters, method);
  return { score: scat + dens_bw, scat, dens_bw };
}

const undefinedFor = (why: string): Error => new Error(`S_Dbw is undefined: ${why}.`);

const pointsIn = (clusters: readonly Cluster[]): number => sumOver(clusters, ({ rows }) => rows.length);

/** The norm of sigma of all points, of which each dimension has a variance within clusters and, of their means, between them. */
function spreadOf(clusters: readonly Cluster[], d: number, method: SDbwOptions['method']): number {
  const n = pointsIn(clusters);
  const mean = new Float64Array(d);
  for (const cluster of clusters) for (let p = 0; p < d; p++) mean[p]! += (cluster.rows.length / n) * cluster.mean[p]!;
  const variance = new Float64Array(d);
  for (const { rows, sigma, mean: own } of clusters)
    for (let p = 0; p < d; p++) {
      const within = method === 'halkidi2001' ? sigma[p]! : sigma[p]! ** 2;
      variance[p]! += (rows.length / n) * (within + (own[p]! - mean[p]!) ** 2);
    }
  return norm(method === 'halkidi2001' ? variance : variance.map(Math.sqrt));
}

const isBall = (method: SDbwOptions['method']): boolean => method === 'Halkidi' || method === 'halkidi2001';

function scattering(clusters: readonly Cluster[], spread: number, method: SDbwOptions['method']): number {
  const [k, n] = [clusters.length, pointsIn(clusters)];
  const sum = sumOver(clusters, ({ rows, sigma }) => (isBall(method) ? 1 : (n - rows.length) / n) * norm(sigma));
  return sum / (spread * (method === 'Tong' ? k - 1 : k));
}

/** A vector of which elements are asked for one at a time. */
type Vector = (p: number) => number;

function* densityBetween(
  features: Points,
  d: number,
  clusters: readonly Cluster[],
  method: SDbwOptions['method'],
): Generator<void, number> {
  const k = clusters.length;
  const radius = Math.sqrt(sumOver(clusters, ({ sigma }) => norm(sigma))) / k;
  const box = boxCounter(features, d);
  const count = (chosen: readonly Cluster[], center: Vector): number =>
    isBall(method) ? countInBall(features, d, chosen, center, radius) : box(chosen, center);
  const densities: number[] = [];
  for (const cluster of clusters) {
    densities.push(count([cluster], (p) => cluster.center[p]!));
    yield;
  }
  if (densities.filter((density) => density === 0).length > 1) {
    throw undefinedFor(
      'the density for two or more clusters equals zero; with nearest_center, every centre counts at least itself',
    );
  }
  // The density between two clusters does not depend on their order, so every pair is counted once and taken twice.
  let sum = 0;
  for (let i = 0; i < k; i++) {
    for (let j = i + 1; j < k; j++) {
      const [a, b] = [clusters[i]!, clusters[j]!];
      const between: Vector =
        method === 'Tong' ? tongCenter(a, b, densities[i]!, densities[j]!) : (p) => (a.center[p]! + b.center[p]!) / 2;
      sum += (2 * count([a, b], between)) / Math.max(densities[i]!, densities[j]!);
    }
    yield;
  }
  return sum / (k * (k - 1));
}

/**
 * Seven tenths of the centres weighted by the other cluster's size, and three tenths of the centres weighted by their
 * own density.
 */
function tongCenter(a: Cluster, b: Cluster, densityA: number, densityB: number): Vector {
  const [sizeA, sizeB] = [a.rows.length, b.rows.length];
  return (p) => {
    const [x, y] = [a.center[p]!, b.center[p]!];
    const bySize = (LAMBDA * (x * sizeB + y * sizeA)) / (sizeA + sizeB);
    return bySize + (1 - LAMBDA) * ((x * densityA + y * densityB) / (densityA + densityB));
  };
}

/**
 * Counts the points in the 95 % confidence box of one cluster, or of two taken together, around a centre. Nearly every point
 * of many dimensions leaves the box in one of the first, so centre and box are computed as far as some point gets.
 */
function boxCounter(features: Points, d: number): (chosen: readonly Cluster[], center: Vector) => number {
  const [center, half] = [new Float64Array(d), new Float64Array(d)];
  return (chosen, centerAt) => {
    const [first, second = first] = chosen as readonly [Cluster, Cluster?];
    const root = Math.sqrt(pointsIn(chosen));
    let known = 0;
    let count = 0;
    for (const { rows } of chosen)
      for (const row of rows) {
        let p = 0;
        for (const start = row * d; p < d; p++) {
          if (p === known) {
            center[p] = centerAt(p);
            half[p] = (CONFIDENCE * ((first.sigma[p]! + second.sigma[p]!) / 2)) / root;
            known++;
          }
          if (!(Math.abs(features[start + p]! - center[p]!) <= half[p]!)) break;
        }
        if (p === d) count++;
      }
    return count;
  };
}

function countInBall(
  features: Points,
  d: number,
  chosen: readonly Cluster[],
  centerAt: Vector,
  radius: number,
): number {
  const center = new Float64Array(d).map((_, p) => centerAt(p));
  // The margin leaves the decision at the boundary to the exact comparison of the distance.
  const giveUp = radius * radius * (1 + 1e-9);
  let count = 0;
  for (const { rows } of chosen)
    for (const row of rows) if (Math.sqrt(squaredDistance(features, row * d, center, giveUp)) <= radius) count++;
  return count;
}

/** The labels after noise is dealt with; -1 is left only on points to be dropped. */
function resolveNoise(features: Points, d: number, labels: ArrayLike<number>, noise: SDbwOptions['noise']): number[] {
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

function sumOver(clusters: readonly Cluster[], value: (cluster: Cluster) => number): number {
  return clusters.reduce((sum, cluster) => sum + value(cluster), 0);
}
