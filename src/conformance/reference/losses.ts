import { type Array64, array64, input, number, type Reference, rowsOf, zeros } from './array64.ts';
import { normalizeRows } from './elementwise.ts';

/**
 * The mean over rows of -Σ q log softmax(logits). With `target` "index", q is one-hot at the row's class, mixed with
 * the uniform distribution by `label_smoothing`; with "probability", q is the row of `target`, mixed the same way.
 */
export const cross_entropy: Reference = (inputs, attrs) => {
  const [logits, target] = [input(inputs, 'logits'), input(inputs, 'target')];
  const smoothing = number(attrs, 'label_smoothing', 0);
  const { rows, width } = rowsOf(logits);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const values = logits.data.subarray(row * width, (row + 1) * width);
    const lse = logSumExp(values);
    values.forEach((value, c) => {
      const hard = attrs.target === 'probability' ? target.data[row * width + c]! : Number(target.data[row] === c);
      loss -= ((1 - smoothing) * hard + smoothing / width) * (value - lse);
    });
  }
  return { y: array64([loss / rows]) };
};

function logSumExp(values: ArrayLike<number>): number {
  const list = Array.from(values);
  const largest = Math.max(...list);
  return largest + Math.log(list.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

/**
 * The supervised contrastive losses. With v the rows of z divided by their lengths, s_ij = v_i·v_j / temperature,
 * lse_i = log Σ_{k≠i} exp s_ik and m_i the number of rows with row i's label, i among them, all have the form
 * Σ_i (a_i lse_i - Σ_j b_ij s_ij). `variant` says which a and b:
 * - `paper`: a_i = 1/n if m_i > 1, else 0; b_ij = a_i / (m_i - 1) for the other rows of the label.
 * - `official`: a_i = m_i / n²; b_ij = 1 / n² for all rows of the label, i among them.
 * - `paper-valid`: the paper's with the number of rows that have a positive in place of n.
 * - `sup_contrast`: the paper's times temperature / `base_temperature`.
 * - `nt_xent`: the paper's, where a label stands for an image and has two rows, its two views.
 * - `general`: a and b are inputs of shapes (n) and (n, n).
 */
export const sup_con: Reference = (inputs, attrs) => {
  const z = input(inputs, 'z');
  const temperature = number(attrs, 'temperature');
  const { rows: n, width } = rowsOf(z);
  const { a, b } = coefficients();
  const { data: v } = normalizeRows(z, number(attrs, 'eps', 1e-12));
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const s = Array.from({ length: n }, (_, j) => {
      let dot = 0;
      for (let p = 0; p < width; p++) dot += v[i * width + p]! * v[j * width + p]!;
      return dot / temperature;
    });
    loss += a.data[i]! * logSumExp(s.filter((_, k) => k !== i));
    for (let j = 0; j < n; j++) loss -= b.data[i * n + j]! * s[j]!;
  }
  return { y: array64([loss]) };

  function coefficients(): { a: Array64; b: Array64 } {
    if (attrs.variant === 'general') return { a: input(inputs, 'a'), b: input(inputs, 'b') };
    const { data: labels } = input(inputs, 'labels');
    const [rowWeights, pairWeights] = [zeros([n]), zeros([n, n])];
    const membersOf = (i: number) => labels.filter((label) => label === labels[i]).length;
    const anchors =
      attrs.variant === 'paper-valid' ? Array.from(labels.keys()).filter((i) => membersOf(i) > 1).length : n;
    for (let i = 0; i < n; i++) {
      const same = Array.from(labels, (label) => label === labels[i]);
      const members = membersOf(i);
      for (let j = 0; j < n; j++) {
        if (!same[j]) continue;
        if (attrs.variant === 'official') pairWeights.data[i * n + j] = 1 / n ** 2;
        else if (j !== i) pairWeights.data[i * n + j] = factor() / anchors / (members - 1);
      }
      if (attrs.variant === 'official') rowWeights.data[i] = members / n ** 2;
      else if (members > 1) rowWeights.data[i] = factor() / anchors;
    }
    return { a: rowWeights, b: pairWeights };
  }

  function factor(): number {
    return attrs.variant === 'sup_contrast' ? temperature / number(attrs, 'base_temperature', 0.07) : 1;
  }
};

/**
 * MoCo's loss: the mean over rows i of the cross-entropy of [v_i·u_i, v_i·queue_1, ...] / temperature with class 0; v and u are
 * q and k with rows of length 1, the queue is [features, length].
 */
export const info_nce: Reference = (inputs, attrs) => {
  const [v, u] = [normalizeRows(input(inputs, 'q'), 1e-12), normalizeRows(input(inputs, 'k'), 1e-12)];
  const queue = input(inputs, 'queue');
  const temperature = number(attrs, 'temperature');
  const { rows, width: d } = rowsOf(v);
  const length = queue.data.length / d;
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const dot = (key: (feature: number) => number) => {
      let sum = 0;
      for (let p = 0; p < d; p++) sum += v.data[i * d + p]! * key(p);
      return sum / temperature;
    };
    const positive = dot((p) => u.data[i * d + p]!);
    const negatives = Array.from({ length }, (_, j) => dot((p) => queue.data[p * length + j]!));
    loss += logSumExp([positive, ...negatives]) - positive;
  }
  return { y: array64([loss / rows]) };
};

/**
 * (1 / 2n) Σ max(0, margin + ‖v_i - v_p‖² - ‖v_i - v_q‖²), p and q the rows that `positive` and `negative` name for row i; with
 * -1 in place of q, v_q is 0.
 */
export const triplet: Reference = (inputs, attrs) => {
  const v = input(inputs, 'v');
  const { rows, width } = rowsOf(v);
  const distance = (i: number, j: number) => {
    let sum = 0;
    for (let c = 0; c < width; c++) sum += (v.data[i * width + c]! - (j < 0 ? 0 : v.data[j * width + c]!)) ** 2;
    return sum;
  };
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const [p, q] = [input(inputs, 'positive').data[i]!, input(inputs, 'negative').data[i]!];
    loss += Math.max(0, number(attrs, 'margin') + distance(i, p) - distance(i, q)) / (2 * rows);
  }
  return { y: array64([loss]) };
};

/**
 * MAE's loss: the mean, weighted by `mask` [b, n], of the mean square errors of pred [b, n, p² c] against the patches of images
 * [b, c, h, w]: in a patch rows, columns, then channels; with `norm_pix` less their mean and over their unbiased deviation.
 */
export const mae_loss: Reference = (inputs, attrs) => {
  const [pred, images, mask] = [input(inputs, 'pred'), input(inputs, 'images'), input(inputs, 'mask')];
  const [batch, channels, height, width] = images.shape as [number, number, number, number];
  const patch = number(attrs, 'patch');
  const across = width / patch;
  const patches = (height / patch) * across;
  const columns = patch * patch * channels;
  const target = zeros([batch, patches, columns]);
  let [loss, hidden] = [0, 0];
  for (let row = 0; row < batch * patches; row++) {
    const [image, place] = [Math.floor(row / patches), row % patches];
    const values = Array.from({ length: columns }, (_, e) => {
      const [y, x, c] = [Math.floor(e / (patch * channels)), Math.floor(e / channels) % patch, e % channels];
      const line = (image * channels + c) * height + Math.floor(place / across) * patch + y;
      return images.data[line * width + (place % across) * patch + x]!;
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / columns;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (columns - 1);
    values.forEach((value, e) => {
      target.data[row * columns + e] = attrs.norm_pix === true ? (value - mean) / Math.sqrt(variance + 1e-6) : value;
    });
    let error = 0;
    for (let e = row * columns; e < (row + 1) * columns; e++) error += (pred.data[e]! - target.data[e]!) ** 2 / columns;
    loss += mask.data[row]! * error;
    hidden += mask.data[row]!;
  }
  return { loss: array64([loss / hidden]), target };
};
