// Projections of features onto a plane, for scatter plots. Both are deterministic: equal features give equal plots.

import { randomNormal } from '../data/random.ts';

/** A plane through the features. */
export interface PlaneOfPca {
  /** n x 2, row-major: the coordinates of every point, with mean zero. */
  points: Float32Array;
  /** The part of the total variance along either axis, largest first, 0 to 1. */
  explained: [number, number];
}

/**
 * Directions followed at once; more than the two wanted, so that near-equal variances do not slow the iteration down.
 */
const BLOCK = 8;
const MAX_PASSES = 60;
const CONVERGED = 1e-9;

/**
 * Projects points onto their two directions of largest variance (principal component analysis), found by subspace
 * iteration with a Rayleigh-Ritz step (Golub and Van Loan, Matrix Computations, chapter 8). Every direction is turned so
 * that its largest component is positive. Takes a second or two for a million features, more where no direction stands
 * out, and then the directions are approximate.
 * @param features n x d, row-major: one point a row.
 * @throws when the number of features is no multiple of `n`.
 */
export function pca(features: Float32Array, n: number): PlaneOfPca {
  const d = widthOf(features, n);
  const centered = center(features, n, d);
  const total = dot(centered, centered);
  const block = Math.min(BLOCK, n, d);
  let basis: Float64Array[] = Array.from({ length: block }, (_, k) => Float64Array.from(randomNormal(d, 1, 0, k)));
  orthonormalize(basis);
  let variances: Float64Array = new Float64Array(block);
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    const { gram, images } = applyCovariance(centered, n, d, basis);
    const { values, vectors } = eigenSymmetric(gram, block);
    const change = Math.abs(topTwo(values) - topTwo(variances));
    const done = change <= CONVERGED * topTwo(values) || pass === MAX_PASSES;
    variances = values;
    basis = combine(done ? basis : images, vectors);
    if (done) break;
    orthonormalize(basis);
  }
  const points = new Float32Array(n * 2);
  const explained: [number, number] = [0, 0];
  basis.slice(0, 2).forEach((direction, axis) => {
    const largest = direction.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    const sign = largest < 0 ? -1 : 1;
    for (let i = 0; i < n; i++) points[2 * i + axis] = sign * dot(centered.subarray(i * d, (i + 1) * d), direction);
    explained[axis] = total > 0 ? variances[axis]! / total : 0;
  });
  return { points, explained };
}

function widthOf(features: Float32Array, n: number): number {
  const d = features.length / n;
  if (n > 0 && d > 0 && Number.isInteger(d)) return d;
  throw new Error(
    `Projection: ${features.length} feature values cannot be shared by ${n} points; give n x d features.`,
  );
}

/** The points minus their mean. */
function center(features: Float32Array, n: number, d: number): Float64Array {
  const mean = new Float64Array(d);
  for (let i = 0; i < features.length; i++) mean[i % d]! += features[i]! / n;
  return Float64Array.from(features, (value, i) => value - mean[i % d]!);
}

/** With X the centred points (n x d) and V the basis as columns: Vᵀ XᵀX V, row-major, and the columns of XᵀX V. */
function applyCovariance(
  x: Float64Array,
  n: number,
  d: number,
  basis: Float64Array[],
): { gram: Float64Array; images: Float64Array[] } {
  const images = basis.map(() => new Float64Array(d));
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * d, (i + 1) * d);
    basis.forEach((direction, k) => {
      addScaled(images[k]!, row, dot(row, direction));
    });
  }
  const gram = Float64Array.from(basis.flatMap((direction) => images.map((image) => dot(direction, image))));
  return { gram, images };
}

/** Makes vectors orthonormal by Gram and Schmidt's method, done twice against rounding. */
function orthonormalize(vectors: Float64Array[]): void {
  vectors.forEach((vector, k) => {
    const before = dot(vector, vector);
    for (let round = 0; round < 2; round++) {
      for (const other of vectors.slice(0, k)) addScaled(vector, other, -dot(vector, other));
    }
    // A vector of which only rounding errors are left lies in the span of the others: the points have fewer directions
    // than the block holds.
    const after = dot(vector, vector);
    const scale = after > 1e-24 * before ? 1 / Math.sqrt(after) : 0;
    for (let p = 0; p < vector.length; p++) vector[p]! *= scale;
  });
}

/** The combinations of vectors whose coefficients are the columns of a square matrix. */
function combine(vectors: Float64Array[], coefficients: Float64Array): Float64Array[] {
  const size = vectors.length;
  return vectors.map((first, k) => {
    const sum = new Float64Array(first.length);
    vectors.forEach((vector, l) => {
      addScaled(sum, vector, coefficients[l * size + k]!);
    });
    return sum;
  });
}

/**
 * The eigenvalues of a small symmetric matrix in descending order, and its eigenvectors as the columns of a matrix,
 * by Jacobi's cyclic method (Golub and Van Loan, section 8.5).
 */
function eigenSymmetric(matrix: Float64Array, size: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const v = new Float64Array(size * size).map((_, i) => Number(i % (size + 1) === 0));
  for (let sweep = 0; sweep < 30; sweep++) {
    let rotated = false;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const [app, aqq, apq] = [a[p * size + p]!, a[q * size + q]!, a[p * size + q]!];
        if (Math.abs(apq) <= 1e-16 * Math.sqrt(Math.abs(app * aqq))) continue;
        rotated = true;
        const tau = (aqq - app) / (2 * apq);
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        for (let k = 0; k < size; k++) rotate(a, k * size + p, k * size + q, c, t * c);
        for (let k = 0; k < size; k++) rotate(a, p * size + k, q * size + k, c, t * c);
        for (let k = 0; k < size; k++) rotate(v, k * size + p, k * size + q, c, t * c);
      }
    }
    if (!rotated) break;
  }
  const order = Array.from({ length: size }, (_, k) => k).sort((k, l) => a[l * size + l]! - a[k * size + k]!);
  return {
    values: Float64Array.from(order, (k) => a[k * size + k]!),
    vectors: v.map((_, i) => v[Math.floor(i / size) * size + order[i % size]!]!),
  };
}

function rotate(values: Float64Array, i: number, j: number, c: number, s: number): void {
  const [x, y] = [values[i]!, values[j]!];
  values[i] = c * x - s * y;
  values[j] = s * x + c * y;
}

function topTwo(values: Float64Array): number {
  return values[0]! + (values[1] ?? 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += a[p]! * b[p]!;
  return sum;
}

function addScaled(target: Float64Array, vector: Float64Array, scale: number): void {
  for (let p = 0; p < target.length; p++) target[p]! += scale * vector[p]!;
}

const TSNE_LIMIT = 2000;
const TSNE_STEPS = 750;
const EXAGGERATED_STEPS = 250;
const EXAGGERATION = 12;

/**
 * Embeds points in the plane so that near ones stay near: exact t-SNE (van der Maaten and Hinton, "Visualizing Data
 * using t-SNE", JMLR 9, 2008), started from the principal components (Kobak and Berens, Nature Communications 10,
 * 2019). Takes a few seconds for 1000 points; time grows with n².
 * @param features n x d, row-major: one point a row; n is at most 2000.
 * @param perplexity about how many neighbours a point has; at most a third of the other points are taken.
 * @returns n x 2, row-major. Distances between far groups mean nothing.
 * @throws when there are too many points, or the number of features is no multiple of `n`.
 */
export function tsne(features: Float32Array, n: number, perplexity = 30): Float32Array {
  if (n > TSNE_LIMIT) throw new Error(`t-SNE: ${n} points are too many; take a sample of at most ${TSNE_LIMIT}.`);
  const affinities = jointAffinities(features, n, perplexity);
  const y = startOfTsne(features, n);
  const velocity = new Float64Array(2 * n);
  const gains = new Float64Array(2 * n).fill(1);
  const gradient = new Float64Array(2 * n);
  const weights = new Float64Array(n * n);
  const rate = Math.max(n / EXAGGERATION / 4, 50);
  for (let step = 0; step < TSNE_STEPS; step++) {
    const early = step < EXAGGERATED_STEPS;
    tsneGradient(affinities, y, n, early ? EXAGGERATION : 1, weights, gradient);
    for (let k = 0; k < 2 * n; k++) {
      // A coordinate that keeps its direction speeds up, one that turns slows down.
      gains[k] = gradient[k]! * velocity[k]! < 0 ? gains[k]! + 0.2 : Math.max(gains[k]! * 0.8, 0.01);
      velocity[k] = (early ? 0.5 : 0.8) * velocity[k]! - rate * gains[k]! * gradient[k]!;
      y[k]! += velocity[k]!;
    }
  }
  return Float32Array.from(y);
}

/** The principal components at a small scale, plus a little noise that parts equal points. */
function startOfTsne(features: Float32Array, n: number): Float64Array {
  const { points } = pca(features, n);
  const squares = points.reduce((sum, value, k) => sum + (k % 2 === 0 ? value * value : 0), 0);
  const scale = squares > 0 ? 1e-4 / Math.sqrt(squares / n) : 0;
  const noise = randomNormal(2 * n, 1e-6, 0, 1);
  return Float64Array.from(points, (value, k) => value * scale + noise[k]!);
}

/**
 * The symmetric joint probabilities p_ij of all pairs, n x n, with a Gaussian around every point of the given
 * perplexity.
 */
function jointAffinities(features: Float32Array, n: number, perplexity: number): Float64Array {
  const distances = squaredDistances(features, n);
  const wanted = Math.log(Math.max(Math.min(perplexity, (n - 1) / 3), 1));
  const joint = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = conditionalAffinities(distances.subarray(i * n, (i + 1) * n), i, wanted);
    for (let j = 0; j < n; j++) {
      joint[i * n + j]! += row[j]! / (2 * n);
      joint[j * n + i]! += row[j]! / (2 * n);
    }
  }
  return joint;
}

/** The Gaussian around point i, whose width is found by bisection so that its entropy is the wanted one. */
function conditionalAffinities(distances: Float64Array, i: number, wantedEntropy: number): Float64Array {
  const row = new Float64Array(distances.length);
  // Distances enter as differences to the nearest one, so that the largest term is 1.
  const nearest = distances.reduce((least, value, j) => (j === i ? least : Math.min(least, value)), Infinity);
  let [low, high, precision] = [0, Infinity, 1];
  for (let round = 0; round < 64; round++) {
    let [sum, weighted] = [0, 0];
    for (let j = 0; j < row.length; j++) {
      const excess = distances[j]! - nearest;
      row[j] = j === i ? 0 : Math.exp(-precision * excess);
      sum += row[j]!;
      weighted += row[j]! * (j === i ? 0 : excess);
    }
    const entropy = Math.log(sum) + (precision * weighted) / sum;
    for (let j = 0; j < row.length; j++) row[j]! /= sum;
    if (Math.abs(entropy - wantedEntropy) < 1e-6) break;
    if (entropy > wantedEntropy) low = precision;
    else high = precision;
    precision = high === Infinity ? precision * 2 : (low + high) / 2;
  }
  return row;
}

function squaredDistances(features: Float32Array, n: number): Float64Array {
  const d = widthOf(features, n);
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < d; p++) {
        const difference = features[i * d + p]! - features[j * d + p]!;
        sum += difference * difference;
      }
      distances[i * n + j] = sum;
      distances[j * n + i] = sum;
    }
  }
  return distances;
}

/** The gradient 4 Σ_j (f p_ij - q_ij) w_ij (y_i - y_j), with w_ij = 1 / (1 + |y_i - y_j|²) and q_ij = w_ij / Σ w. */
function tsneGradient(
  affinities: Float64Array,
  y: Float64Array,
  n: number,
  exaggeration: number,
  weights: Float64Array,
  gradient: Float64Array,
): void {
  let total = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const dx = y[2 * i]! - y[2 * j]!;
      const dy = y[2 * i + 1]! - y[2 * j + 1]!;
      const weight = 1 / (1 + dx * dx + dy * dy);
      weights[i * n + j] = weight;
      total += 2 * weight;
    }
  }
  gradient.fill(0);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const weight = weights[i * n + j]!;
      const force = 4 * (exaggeration * affinities[i * n + j]! - weight / total) * weight;
      const fx = force * (y[2 * i]! - y[2 * j]!);
      const fy = force * (y[2 * i + 1]! - y[2 * j + 1]!);
      gradient[2 * i]! += fx;
      gradient[2 * i + 1]! += fy;
      gradient[2 * j]! -= fx;
      gradient[2 * j + 1]! -= fy;
    }
  }
}
