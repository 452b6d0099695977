// Scalar arithmetic that can be differentiated: each number is a place in a list that says which numbers it was made of, and
// how much it changes with each of them.

/** A number that was computed: its place in the list. */
export type Scalar = number;

export interface Scalars {
  readonly round: (value: number) => number;
  /** A number that was made of none. */
  leaf(value: number): Scalar;
  value(x: Scalar): number;
  /** Σ factor · x + offset. */
  combine(xs: readonly Scalar[], factors: readonly number[], offset?: number): Scalar;
  /** Σ a · b. */
  dot(a: readonly Scalar[], b: readonly Scalar[]): Scalar;
  /** A function of some numbers, and its derivative by each. */
  made(value: number, of: readonly Scalar[], derivatives: readonly number[]): Scalar;
  /** The derivatives of y by all numbers, by place. */
  derivatives(y: Scalar): Float64Array;
}

/**
 * `round` is what becomes of each number that is computed, in either direction: nothing, or what a shorter format leaves of it.
 * Without `differentiable` it is not remembered what numbers were made of, which takes a third of the time.
 */
export function createScalars(round: Scalars['round'], { differentiable = true } = {}): Scalars {
  const values: number[] = [];
  /** Where the entries of each number end in `parents` and `partials`, of which `count` are in use. */
  const ends: number[] = [];
  let parents = new Int32Array(2 ** 17);
  let partials = new Float64Array(2 ** 17);
  let count = 0;
  const push = (value: number): Scalar => {
    ends.push(count);
    return values.push(round(value)) - 1;
  };
  const from = (parent: Scalar, partial: number) => {
    if (!differentiable) return;
    if (count === parents.length) {
      const [wider, longer] = [new Int32Array(2 * count), new Float64Array(2 * count)];
      wider.set(parents);
      longer.set(partials);
      [parents, partials] = [wider, longer];
    }
    parents[count] = parent;
    partials[count++] = round(partial);
  };
  return {
    round,
    leaf: push,
    value: (x) => values[x]!,
    combine(xs, factors, offset = 0) {
      let sum = offset;
      xs.forEach((x, i) => {
        sum = round(sum + round(factors[i]! * values[x]!));
        from(x, factors[i]!);
      });
      return push(sum);
    },
    dot(a, b) {
      let sum = 0;
      for (let i = 0; i < a.length; i++) {
        const [x, y] = [values[a[i]!]!, values[b[i]!]!];
        sum = round(sum + round(x * y));
        from(a[i]!, y);
        from(b[i]!, x);
      }
      return push(sum);
    },
    made(value, of, derivatives) {
      for (const [i, x] of of.entries()) from(x, derivatives[i]!);
      return push(value);
    },
    derivatives(y) {
      const found = new Float64Array(values.length);
      found[y] = 1;
      for (let at = y; at >= 0; at--) {
        const own = found[at]!;
        if (own === 0) continue;
        for (let entry = at > 0 ? ends[at - 1]! : 0; entry < ends[at]!; entry++) {
          const parent = parents[entry]!;
          found[parent] = round(found[parent]! + round(own * partials[entry]!));
        }
      }
      return found;
    },
  };
}

export const product = (t: Scalars, a: Scalar, b: Scalar): Scalar => t.dot([a], [b]);

export function quotient(t: Scalars, a: Scalar, b: Scalar): Scalar {
  const [x, y] = [t.value(a), t.value(b)];
  return t.made(x / y, [a, b], [1 / y, -x / (y * y)]);
}

export const squareRoot = (t: Scalars, x: Scalar): Scalar =>
  t.made(Math.sqrt(t.value(x)), [x], [0.5 / Math.sqrt(t.value(x))]);

/** max(0, x). */
export const positivePart = (t: Scalars, x: Scalar): Scalar =>
  t.made(Math.max(0, t.value(x)), [x], [t.value(x) > 0 ? 1 : 0]);

/** Σ xs / their number. */
export const meanOf = (t: Scalars, xs: readonly Scalar[]): Scalar =>
  t.combine(
    xs,
    xs.map(() => 1 / xs.length),
  );

/** log Σ exp x. */
export function logSumExp(t: Scalars, xs: readonly Scalar[]): Scalar {
  const largest = xs.reduce((most, x) => Math.max(most, t.value(x)), Number.NEGATIVE_INFINITY);
  const powers = xs.map((x) => t.round(Math.exp(t.round(t.value(x) - largest))));
  const sum = powers.reduce((total, power) => t.round(total + power), 0);
  return t.made(
    largest + Math.log(sum),
    xs,
    powers.map((power) => power / sum),
  );
}

/** Rows divided by their lengths. */
export const unitRows = (t: Scalars, rows: readonly Scalar[][]): Scalar[][] =>
  rows.map((row) => {
    const length = squareRoot(t, t.dot(row, row));
    return row.map((x) => quotient(t, x, length));
  });

/** The same numbers, through which nothing is differentiated. */
export const detached = (t: Scalars, rows: readonly Scalar[][]): Scalar[][] =>
  rows.map((row) => row.map((x) => t.leaf(t.value(x))));
