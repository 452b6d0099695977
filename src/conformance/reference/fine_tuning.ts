// What methods of fine-tuning add to the cross-entropy.
import { type Array64, array64, input, number, type Reference, rowsOf, zeros } from './array64.ts';

/** Σ_j a_ij b_kj for rows i of a and k of b. */
function dot(a: Array64, i: number, b: Array64, k: number): number {
  const { width } = rowsOf(a);
  let sum = 0;
  for (let c = 0; c < width; c++) sum += a.data[i * width + c]! * b.data[k * width + c]!;
  return sum;
}

const logSumExp = (values: readonly number[]): number => {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
};

/** ½ Σ k_c (student - teacher)² over [n, c, h, w], with k_c = c a_c / (h w) where there are weights a, else 1. */
export const feature_distance: Reference = (inputs) => {
  const [student, teacher] = [input(inputs, 'student'), input(inputs, 'teacher')];
  const [, channels, height, width] = student.shape as [number, number, number, number];
  const { weights } = inputs;
  let sum = 0;
  student.data.forEach((value, at) => {
    const c = Math.floor(at / (height * width)) % channels;
    const factor = weights ? (channels * weights.data[c]!) / (height * width) : 1;
    sum += (factor * (value - teacher.data[at]!) ** 2) / 2;
  });
  return { y: array64([sum]) };
};

/** The sum of the k smallest of the min(n, d) squared singular values of z [n, d], by Jacobi rotations of its smaller Gram matrix. */
export const small_singular_values: Reference = (inputs, attrs) => {
  const z = input(inputs, 'z');
  const [n, d] = z.shape as [number, number];
  const size = Math.min(n, d);
  const gram = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => {
      let sum = 0;
      if (n <= d) for (let c = 0; c < d; c++) sum += z.data[i * d + c]! * z.data[j * d + c]!;
      else for (let r = 0; r < n; r++) sum += z.data[r * d + i]! * z.data[r * d + j]!;
      return sum;
    }),
  );
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        const off = gram[p]![q]!;
        if (off === 0) continue;
        const theta = (gram[q]![q]! - gram[p]![p]!) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const cosine = 1 / Math.hypot(t, 1);
        const sine = t * cosine;
        for (let k = 0; k < size; k++) {
          const [x, y] = [gram[k]![p]!, gram[k]![q]!];
          gram[k]![p] = cosine * x - sine * y;
          gram[k]![q] = sine * x + cosine * y;
        }
        for (let k = 0; k < size; k++) {
          const [x, y] = [gram[p]![k]!, gram[q]![k]!];
          gram[p]![k] = cosine * x - sine * y;
          gram[q]![k] = sine * x + cosine * y;
        }
      }
  const values = gram.map((row, i) => row[i]!).sort((a, b) => a - b);
  return { y: array64([values.slice(0, number(attrs, 'k')).reduce((sum, value) => sum + value, 0)]) };
};

/**
 * Bi-Tuning's contrast of rows a with keys b of their own and a queue [classes, length, d]: the mean over rows of
 * lse - Σ of the positives' similarities / (length + 1) - log(length + 1).
 */
export const class_contrast: Reference = (inputs, attrs) => {
  const [a, b, queue] = [input(inputs, 'a'), input(inputs, 'b'), input(inputs, 'queue')];
  const labels = input(inputs, 'labels').data;
  const temperature = number(attrs, 'temperature');
  const [classes, length] = queue.shape as [number, number];
  const { rows } = rowsOf(a);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const own = dot(a, i, b, i) / temperature;
    const others = Array.from({ length: classes * length }, (_, j) => dot(a, i, queue, j) / temperature);
    const positives = others.filter((_, j) => Math.floor(j / length) === labels[i]);
    const sum = positives.reduce((total, value) => total + value, own);
    loss += (logSumExp([own, ...others]) - sum / (length + 1) - Math.log(length + 1)) / rows;
  }
  return { y: array64([loss]) };
};

/** Core-Tuning's focal contrast of rows v: over rows with others of their group, the mean of -Σ (1 - p) log p over these, over their number or n. */
export const focal_sup_con: Reference = (inputs, attrs) => {
  const [v, groups] = [input(inputs, 'v'), input(inputs, 'groups').data];
  const temperature = number(attrs, 'temperature');
  const { rows } = rowsOf(v);
  const found: number[] = [];
  for (let i = 0; i < rows; i++) {
    const others = Array.from({ length: rows }, (_, j) => j).filter((j) => j !== i);
    const lse = logSumExp(others.map((j) => dot(v, i, v, j) / temperature));
    const positives = others.filter((j) => groups[j] === groups[i]);
    if (positives.length === 0) continue;
    let sum = 0;
    for (const j of positives) {
      const logarithm = dot(v, i, v, j) / temperature - lse;
      sum -= (1 - Math.exp(logarithm)) * logarithm;
    }
    found.push(sum / (attrs.mean === 'columns' ? rows : positives.length));
  }
  return { y: array64([found.reduce((sum, value) => sum + value, 0) / Math.max(1, found.length)]) };
};

/** Core-Tuning's rows: z; (1 - λ) z_i + λ z_permuted, λ = max(least, mix); λ' of the hard positive and 1 - λ' of the hard negative. */
export const mix_rows: Reference = (inputs, attrs) => {
  const z = input(inputs, 'z');
  const { rows: n, width } = rowsOf(z);
  const y = zeros([3 * n, width]);
  const of = (name: string, i: number) => input(inputs, name).data[i]!;
  for (let i = 0; i < n; i++) {
    const mix = Math.max(number(attrs, 'least'), of('mix', i));
    for (let c = 0; c < width; c++) {
      const at = (row: number) => z.data[row * width + c]!;
      y.data[i * width + c] = at(i);
      y.data[(n + i) * width + c] = (1 - mix) * at(i) + mix * at(of('permutation', i));
      y.data[(2 * n + i) * width + c] =
        of('mix_hard', i) * at(of('positive', i)) + (1 - of('mix_hard', i)) * at(of('negative', i));
    }
  }
  return { y };
};
