// The losses of the methods of fine-tuning from their papers' formulas, as plain loops over scalars.
import { logSumExp, meanOf, positivePart, product, type Scalar, type Scalars, unitRows } from './scalars.ts';

const sum = (t: Scalars, xs: readonly Scalar[]): Scalar =>
  t.combine(
    xs,
    xs.map(() => 1),
  );

/** The mean over rows of -Σ q log softmax(logits), q the probabilities `targets`. */
export const softCrossEntropy = (
  t: Scalars,
  logits: readonly Scalar[][],
  targets: readonly (readonly number[])[],
): Scalar =>
  meanOf(
    t,
    logits.map((row, i) => {
      const q = targets[i]!;
      const total = q.reduce((all, share) => all + share, 0);
      return t.combine([logSumExp(t, row), ...row], [total, ...q.map((share) => -share)]);
    }),
  );

/** The class's own probability is 1 - smoothing, and all share the rest. */
export const crossEntropy = (
  t: Scalars,
  logits: readonly Scalar[][],
  labels: readonly number[],
  smoothing = 0,
): Scalar =>
  softCrossEntropy(
    t,
    logits,
    logits.map((row, i) => row.map((_, c) => (c === labels[i] ? 1 - smoothing : 0) + smoothing / row.length)),
  );

/**
 * COIN's supervised contrast of rows that are divided by their lengths here. `paper`, equation 1: over the other rows of each
 * row's class, (1/n) Σ_i (1/|P_i|) Σ_j (lse_i - s_ij). `official`: (1/n²) Σ_i (m_i lse_i - Σ_j s_ij), the row itself among its class.
 */
export function supCon(
  t: Scalars,
  rows: readonly Scalar[][],
  labels: readonly number[],
  { temperature, form }: { temperature: number; form: 'paper' | 'official' },
): Scalar {
  const n = rows.length;
  const { s, lse } = similarities(t, unitRows(t, rows), temperature);
  const terms: Scalar[] = [];
  for (let i = 0; i < n; i++) {
    const own = labels.flatMap((label, j) => (label === labels[i] && (form === 'official' || j !== i) ? [j] : []));
    const each = form === 'official' ? 1 / (n * n) : 1 / (n * own.length);
    for (const j of own) terms.push(t.combine([lse[i]!, s[i]![j]!], [each, -each]));
  }
  return sum(t, terms);
}

/** v_i · v_j / temperature of all pairs, and for each i the log Σ exp over j other than i. */
function similarities(t: Scalars, v: readonly Scalar[][], temperature: number) {
  const s = v.map((a) => v.map((b) => t.combine([t.dot(a, b)], [1 / temperature])));
  return {
    s,
    lse: s.map((row, i) =>
      logSumExp(
        t,
        row.filter((_, j) => j !== i),
      ),
    ),
  };
}

/**
 * Core-Tuning's focal contrast of unit rows whose labels are vectors: over rows that share theirs with others, the mean of
 * -Σ_j (1 - p_ij) log p_ij over these, divided by their number, or by all rows.
 */
export function focalSupCon(
  t: Scalars,
  v: readonly Scalar[][],
  labels: readonly (readonly number[])[],
  { temperature, over }: { temperature: number; over: 'positives' | 'rows' },
): Scalar {
  const { s, lse } = similarities(t, v, temperature);
  const isEqual = (a: readonly number[], b: readonly number[]) => a.every((share, c) => share === b[c]);
  const rows: Scalar[] = [];
  for (let i = 0; i < v.length; i++) {
    const positives = labels.flatMap((label, j) => (j !== i && isEqual(label, labels[i]!) ? [j] : []));
    if (positives.length === 0) continue;
    const terms = positives.map((j) => {
      const log = t.combine([s[i]![j]!, lse[i]!], [1, -1]);
      const p = Math.exp(t.value(log));
      return t.made(-(1 - p) * t.value(log), [log], [-(1 - p) + p * t.value(log)]);
    });
    rows.push(t.combine([sum(t, terms)], [1 / (over === 'rows' ? v.length : positives.length)]));
  }
  return meanOf(t, rows);
}

/** M&M's triplets: (1/2n) Σ max(0, margin + ‖v_i - v_p‖² - ‖v_i - v_q‖²), with v_q = 0 where q is -1. */
export function tripletLoss(
  t: Scalars,
  v: readonly Scalar[][],
  partners: readonly (readonly [p: number, q: number])[],
  margin: number,
): Scalar {
  const distance = (a: readonly Scalar[], b: readonly Scalar[] | undefined): Scalar => {
    const difference = b ? a.map((x, c) => t.combine([x, b[c]!], [1, -1])) : a;
    return t.dot(difference, difference);
  };
  const hinges = v.map((row, i) => {
    const [p, q] = partners[i]!;
    return positivePart(t, t.combine([distance(row, v[p]), distance(row, v[q])], [1, -1], margin));
  });
  return t.combine([sum(t, hinges)], [1 / (2 * v.length)]);
}

/**
 * Bi-Tuning's contrast of anchors with a key of their own and K of each class: the mean over rows of the divergence of the softmax of
 * all similarities from the uniform distribution over the K + 1 positives.
 */
export const classContrast = (
  t: Scalars,
  { anchors, own, queue }: { anchors: readonly Scalar[][]; own: readonly Scalar[][]; queue: readonly Scalar[][][] },
  labels: readonly number[],
  temperature: number,
): Scalar =>
  meanOf(
    t,
    anchors.map((anchor, i) => {
      const to = (key: readonly Scalar[]) => t.combine([t.dot(anchor, key)], [1 / temperature]);
      const first = to(own[i]!);
      const others = queue.map((keys) => keys.map(to));
      const positives = [first, ...others[labels[i]!]!];
      const k = positives.length;
      return t.combine(
        [logSumExp(t, [first, ...others.flat()]), ...positives],
        [1, ...positives.map(() => -1 / k)],
        -Math.log(k),
      );
    }),
  );

/** ½ Σ ‖x - from‖². */
export function halfSquares(t: Scalars, xs: readonly Scalar[], from?: ArrayLike<number>): Scalar {
  const differences = xs.map((x, i) => t.combine([x], [1], -(from?.[i] ?? 0)));
  return t.combine([t.dot(differences, differences)], [0.5]);
}

/** DELTA's distance of maps [n][channels][places]: ½ Σ (C a_c / places) (student - teacher)², or without weights a ½ Σ (...)². */
export function mapDistance(
  t: Scalars,
  student: readonly Scalar[][][],
  teacher: readonly Scalar[][][],
  weights?: ArrayLike<number>,
): Scalar {
  const terms = student.flatMap((channels, i) =>
    channels.flatMap((plane, c) =>
      plane.map((x, at) => {
        const difference = t.combine([x, teacher[i]![c]![at]!], [1, -1]);
        const factor = weights ? (channels.length * weights[c]!) / plane.length : 1;
        return t.combine([product(t, difference, difference)], [factor / 2]);
      }),
    ),
  );
  return sum(t, terms);
}

/** The sum of the k smallest squared singular values of z [n][d], n at most d: eigenvalues of z zᵀ, whose gradient is 2 w wᵀ z. */
export function smallSingularValues(t: Scalars, z: readonly Scalar[][], k: number): Scalar {
  const at = z.map((row) => row.map((x) => t.value(x)));
  const found = eigenpairs(at.map((a) => at.map((b) => a.reduce((dot, x, c) => dot + x * b[c]!, 0))));
  const smallest = found.sort((a, b) => a.value - b.value).slice(0, k);
  const derivatives = at.flatMap((row, i) =>
    row.map((_, c) =>
      smallest.reduce((total, { vector }) => {
        const along = at.reduce((dot, other, j) => dot + vector[j]! * other[c]!, 0);
        return total + 2 * vector[i]! * along;
      }, 0),
    ),
  );
  return t.made(
    smallest.reduce((total, { value }) => total + value, 0),
    z.flat(),
    derivatives,
  );
}

/** Of a symmetric matrix, by Jacobi's rotations. */
function eigenpairs(matrix: number[][]): { value: number; vector: number[] }[] {
  const n = matrix.length;
  const a = matrix.map((row) => row.slice());
  const v = a.map((_, i) => a.map((_, j) => Number(i === j)));
  const rotate = (rows: number[][], p: number, q: number, c: number, s: number) => {
    for (const row of rows) [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
  };
  const transpose = (rows: number[][]) => rows.map((_, i) => rows.map((row) => row[i]!));
  for (let sweep = 0; sweep < 20; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (a[p]![q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        rotate(a, p, q, c, s);
        const columns = transpose(a);
        rotate(columns, p, q, c, s);
        transpose(columns).forEach((row, i) => {
          a[i] = row;
        });
        rotate(v, p, q, c, s);
      }
  return a.map((row, i) => ({ value: row[i]!, vector: v.map((of) => of[i]!) }));
}
