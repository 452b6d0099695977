import { type Array64, array64, input, number, type Reference, rowsOf, zeros } from './array64.ts';
import { softmaxRows } from './linear_algebra.ts';

/** y = a + b, of one shape. */
export const add: Reference = (inputs) => {
  const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
  return {
    y: array64(
      a.data.map((value, i) => value + b.data[i]!),
      a.shape,
    ),
  };
};

export const relu: Reference = (inputs) => ({ y: map(input(inputs, 'x'), (x) => Math.max(x, 0)) });

/** y = x Φ(x) with the normal distribution function Φ, not its tanh approximation. */
export const gelu: Reference = (inputs) => ({
  y: map(input(inputs, 'x'), (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
});

/** y = factor · x. */
export const scale: Reference = (inputs, attrs) => {
  const factor = number(attrs, 'factor');
  return { y: map(input(inputs, 'x'), (x) => factor * x) };
};

/** Softmax of factor · x along the last axis. */
export const softmax: Reference = (inputs, attrs) => {
  const factor = number(attrs, 'factor', 1);
  return { y: softmaxRows(map(input(inputs, 'x'), (x) => factor * x)) };
};

/** The sum of x0, x1, ... (of one shape), each times its entry in `weights`. */
export const weighted_sum: Reference = (inputs, attrs) => {
  const weights = attrs.weights as number[];
  const y = zeros(input(inputs, 'x0').shape);
  weights.forEach((weight, k) => {
    input(inputs, `x${k}`).data.forEach((value, i) => {
      y.data[i]! += weight * value;
    });
  });
  return { y };
};

/**
 * The sum of x: over everything ([1]) with `axis` "all", or over one axis of a matrix: 0 adds its rows up, 1 or -1 sums
 * every row.
 */
export const sum: Reference = (inputs, attrs) => ({ y: reduce(input(inputs, 'x'), attrs.axis, false) });

/** The mean of x, along the axes of `sum`. */
export const mean: Reference = (inputs, attrs) => ({ y: reduce(input(inputs, 'x'), attrs.axis, true) });

function reduce(x: Array64, axis: unknown, average: boolean): Array64 {
  const { rows, width } = rowsOf(x);
  const all = axis === undefined || axis === 'all';
  const overRows = axis === 0;
  const y = zeros(all ? [1] : overRows ? [width] : x.shape.slice(0, -1));
  x.data.forEach((value, i) => {
    y.data[all ? 0 : overRows ? i % width : Math.floor(i / width)]! += value;
  });
  const terms = all ? x.data.length : overRows ? rows : width;
  return average ? map(y, (total) => total / terms) : y;
}

/** y = x / max(|x|, eps) for every row. */
export const l2_normalize: Reference = (inputs, attrs) => ({
  y: normalizeRows(input(inputs, 'x'), number(attrs, 'eps', 1e-12)),
});

export function normalizeRows(x: Array64, eps: number): Array64 {
  const { rows, width } = rowsOf(x);
  const y = zeros(x.shape);
  for (let row = 0; row < rows; row++) {
    const values = x.data.subarray(row * width, (row + 1) * width);
    const length = Math.sqrt(values.reduce((total, value) => total + value * value, 0));
    y.data.set(
      values.map((value) => value / Math.max(length, eps)),
      row * width,
    );
  }
  return y;
}

function map(x: Array64, f: (value: number) => number): Array64 {
  return array64(x.data.map(f), x.shape);
}

/**
 * The error function, to a few units of 1e-16: the series 2/√π e^(-x²) Σ 2^n x^(2n+1) / (1·3·5···(2n+1)), whose terms
 * all have one sign, so that nothing cancels (Abramowitz and Stegun 7.1.6).
 */
export function erf(x: number): number {
  // Beyond 6 the distance to 1 is below 3e-17.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > Math.abs(total) * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}
