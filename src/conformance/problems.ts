import type { Attributes } from './reference/index.ts';

/** A small problem for an op, in PyTorch's layouts: odd sizes first, since those find the edges of tiles. */
export interface Problem {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly attrs?: Attributes;
  /** Integer inputs and how many classes they name. */
  readonly labels?: Readonly<Record<string, number>>;
  /** Float inputs that are not differentiated. */
  readonly constant?: readonly string[];
}

const transpositions = [
  { transpose_a: false, transpose_b: false },
  { transpose_a: true, transpose_b: false },
  { transpose_a: false, transpose_b: true },
  { transpose_a: true, transpose_b: true },
];

const matmulShapes = (m: number, k: number, n: number, batch: readonly number[] = []): Problem[] =>
  transpositions.map((attrs) => ({
    attrs,
    inputs: {
      a: [...batch, ...(attrs.transpose_a ? [k, m] : [m, k])],
      b: [...batch, ...(attrs.transpose_b ? [n, k] : [k, n])],
    },
  }));

const conv = (
  x: readonly number[],
  weight: readonly number[],
  {
    bias = false,
    ...attrs
  }: { bias?: boolean; stride?: number[]; padding?: number[]; dilation?: number[]; groups?: number; relu?: boolean },
): Problem => ({
  inputs: { x, weight, ...(bias && { bias: [weight[0] as number] }) },
  attrs: { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, ...attrs },
});

const residual = (
  x: readonly number[],
  weight: readonly number[],
  attrs: { stride?: number[]; padding?: number[] } = {},
  shortcut?: readonly number[],
): Problem => ({
  inputs: { x, weight, ...(shortcut && { shortcut }) },
  attrs: { stride: [1, 1], padding: [1, 1], ...attrs },
});

const batchNorm = (x: readonly number[], attrs: Attributes, residual = false): Problem => {
  const channels = [x[1] as number];
  return {
    inputs: {
      x,
      weight: channels,
      bias: channels,
      running_mean: channels,
      running_var: channels,
      ...(residual && { residual: x }),
    },
    attrs: { momentum: 0.1, eps: 1e-5, ...attrs },
    constant: ['running_mean', 'running_var'],
  };
};

const convBatchNorm = (
  x: readonly [n: number, c: number, h: number, w: number],
  weight: readonly [k: number, c: number, h: number, w: number],
  y: readonly [h: number, w: number],
  { residual = false, ...attrs }: { stride?: number[]; padding?: number[]; relu?: boolean; residual?: boolean } = {},
): Problem => {
  const channels = [weight[0]];
  return {
    inputs: {
      ...{ x, weight, scale: channels, shift: channels, running_mean: channels, running_var: channels },
      ...(residual && { residual: [x[0], weight[0], ...y] }),
    },
    attrs: { stride: [1, 1], padding: [0, 0], momentum: 0.1, eps: 1e-5, ...attrs },
    constant: ['running_mean', 'running_var'],
  };
};

const supCon = (n: number, d: number, classes: number, attrs: Attributes): Problem => ({
  inputs: { z: [n, d], labels: [n] },
  labels: { labels: classes },
  attrs: { temperature: 0.3, ...attrs },
});

/** Groups of a batch that are normalised each by itself. */
const batchNormSplit = (x: readonly number[], groups: number, assignment: 'contiguous' | 'interleaved'): Problem =>
  batchNorm(x, { training: true, groups, assignment });

const maeLoss = (
  [b, c, h, w]: readonly [number, number, number, number],
  patch: number,
  attrs: Attributes,
): Problem => {
  const patches = (h / patch) * (w / patch);
  return {
    inputs: { pred: [b, patches, patch * patch * c], images: [b, c, h, w], mask: [b, patches] },
    attrs: { patch, ...attrs },
    constant: ['images', 'mask'],
  };
};

const infoNce = (n: number, d: number, length: number, temperature: number, strip_keys?: number): Problem => ({
  inputs: { q: [n, d], k: [n, d], queue: [d, length] },
  attrs: { temperature, ...(strip_keys !== undefined && { strip_keys }) },
  constant: ['k', 'queue'],
});

const classContrast = (n: number, d: number, [classes, length]: [number, number], attrs: Attributes): Problem => ({
  inputs: { a: [n, d], b: [n, d], queue: [classes, length, d], labels: [n] },
  labels: { labels: classes },
  constant: ['queue'],
  attrs,
});

const focalSupCon = (n: number, d: number, groups: number, attrs: Attributes): Problem => ({
  inputs: { v: [n, d], groups: [n] },
  labels: { groups },
  attrs,
});

const mixRows = (n: number, d: number): Problem => ({
  inputs: { z: [n, d], labels: [n], permutation: [n], positive: [n], negative: [n], mix: [n], mix_hard: [n] },
  labels: { labels: 3, permutation: n, positive: n, negative: n },
  constant: ['mix', 'mix_hard'],
  attrs: { least: 0.3 },
});

const triplet = (n: number, d: number, margin: number): Problem => ({
  inputs: { v: [n, d], positive: [n], negative: [n] },
  labels: { positive: n, negative: n },
  attrs: { margin },
});

export const problems: Readonly<Record<string, readonly Problem[]>> = {
  matmul: [
    ...matmulShapes(7, 5, 9),
    ...matmulShapes(33, 20, 36),
    ...matmulShapes(1, 64, 4),
    ...matmulShapes(64, 32, 48),
    ...matmulShapes(5, 12, 8, [3]),
  ],
  linear: [
    { inputs: { x: [5, 13], weight: [7, 13], bias: [7] } },
    { inputs: { x: [34, 16], weight: [12, 16] } },
    { inputs: { x: [2, 9, 8], weight: [4, 8], bias: [4] } },
    { inputs: { x: [5, 13], weight: [7, 13], bias: [7] }, attrs: { relu: true } },
    // Long enough to be cut into parts.
    { inputs: { x: [4, 256], weight: [8, 256], bias: [8] }, attrs: { relu: true } },
  ],
  conv2d: [
    conv([2, 3, 7, 5], [4, 3, 3, 3], { padding: [1, 1], bias: true }),
    conv([2, 3, 7, 5], [4, 3, 3, 3], { padding: [1, 1], bias: true, relu: true }),
    conv([2, 8, 7, 5], [12, 8, 3, 3], { padding: [1, 1], bias: true, relu: true }),
    conv([2, 8, 6, 5], [16, 8, 1, 1], { bias: true, relu: true }),
    conv([2, 1, 9, 9], [8, 1, 3, 3], { stride: [2, 2], padding: [1, 1] }),
    conv([3, 8, 7, 9], [12, 8, 3, 3], { stride: [2, 2], padding: [1, 1], bias: true }),
    conv([2, 8, 6, 5], [16, 8, 1, 1], {}),
    conv([2, 8, 7, 7], [4, 8, 1, 1], { stride: [2, 2] }),
    conv([1, 4, 11, 10], [8, 4, 3, 3], { dilation: [2, 2], padding: [2, 2] }),
    conv([1, 4, 12, 11], [4, 4, 3, 3], { stride: [2, 3], dilation: [2, 1], padding: [1, 2] }),
    conv([2, 5, 8, 9], [3, 5, 5, 3], { padding: [1, 1] }),
    conv([2, 6, 8, 6], [9, 2, 3, 3], { groups: 3, padding: [1, 1], bias: true }),
    conv([2, 8, 7, 6], [8, 1, 3, 3], { groups: 8, stride: [2, 2], padding: [1, 1] }),
    conv([4, 16, 8, 8], [32, 16, 3, 3], { padding: [1, 1] }),
    conv([2, 8, 5, 7], [12, 4, 3, 3], { groups: 2, padding: [1, 1], stride: [2, 1], bias: true }),
    conv([2, 6, 5, 6], [8, 3, 2, 3], { groups: 2, padding: [1, 1] }),
    conv([1, 12, 7, 9], [12, 1, 3, 3], { groups: 12, padding: [1, 1], bias: true }),
    conv([2, 5, 6, 7], [5, 1, 3, 5], { groups: 5, stride: [1, 2], padding: [1, 2] }),
    conv([1, 4, 9, 8], [4, 1, 3, 3], { groups: 4, stride: [2, 2], dilation: [2, 2], padding: [2, 2] }),
    conv([2, 7, 8, 5], [5, 7, 3, 3], { stride: [2, 2], padding: [1, 1] }),
  ],
  // An input used twice: the second gradient is added to the first by the kernel that computes it.
  residual: [
    residual([2, 3, 7, 5], [3, 3, 3, 3]),
    residual([2, 8, 7, 9], [8, 8, 3, 3]),
    residual([3, 8, 5, 5], [8, 8, 1, 1], { padding: [0, 0] }),
    residual([2, 8, 7, 9], [12, 8, 3, 3], { stride: [2, 2] }, [12, 8, 1, 1]),
    residual([4, 16, 8, 8], [16, 16, 3, 3], {}, [16, 16, 1, 1]),
  ],
  // Statistics from the convolution's own kernel: rows that fill no tile, several tiles, one channel too many for vec4s.
  conv_batch_norm: [
    convBatchNorm([2, 4, 7, 5], [8, 4, 3, 3], [7, 5], { padding: [1, 1], relu: true, residual: true }),
    convBatchNorm([3, 8, 7, 9], [20, 8, 3, 3], [4, 5], { padding: [1, 1], stride: [2, 2], relu: true }),
    convBatchNorm([5, 8, 7, 5], [12, 8, 1, 1], [7, 5], { residual: true, relu: true }),
    convBatchNorm([2, 3, 9, 7], [8, 3, 3, 3], [9, 7], { padding: [1, 1] }),
    convBatchNorm([2, 3, 5, 7], [5, 3, 3, 3], [3, 5], { residual: true }),
  ],
  batch_norm: [
    batchNorm([4, 3, 5, 5], { training: true }),
    batchNorm([4, 3, 5, 5], { training: false }),
    batchNorm([3, 8, 4, 3], { training: true, relu: true }),
    batchNorm([3, 8, 4, 3], { training: true, relu: true }, true),
    batchNorm([2, 5, 3, 3], { training: true }, true),
    batchNorm([2, 5, 3, 3], { training: false, relu: true }, true),
    batchNorm([9, 7], { training: true, relu: true }),
    batchNorm([6, 4], { training: false }, true),
  ],
  batch_norm_split: [
    batchNormSplit([6, 5, 3, 3], 3, 'contiguous'),
    batchNormSplit([8, 8, 4, 3], 2, 'contiguous'),
    batchNormSplit([6, 4, 5, 3], 2, 'interleaved'),
    batchNormSplit([12, 7], 4, 'interleaved'),
    batchNormSplit([15, 4], 3, 'contiguous'),
  ],
  layer_norm: [
    { inputs: { x: [5, 7], weight: [7], bias: [7] }, attrs: { eps: 1e-6 } },
    { inputs: { x: [2, 3, 64], weight: [64], bias: [64] }, attrs: { eps: 1e-6 } },
  ],
  relu: [{ inputs: { x: [3, 5, 7] } }, { inputs: { x: [64] } }],
  gelu: [{ inputs: { x: [3, 5, 7] } }, { inputs: { x: [64] } }],
  add: [{ inputs: { a: [3, 5], b: [3, 5] } }],
  scale: [{ inputs: { x: [3, 5, 7] }, attrs: { factor: -0.5 } }],
  softmax: [{ inputs: { x: [5, 7] }, attrs: { factor: 0.6 } }, { inputs: { x: [3, 2, 64] } }],
  attention: [
    { inputs: { q: [2, 2, 5, 4], k: [2, 2, 5, 4], v: [2, 2, 5, 4] }, attrs: { scale: 0.5 } },
    { inputs: { q: [1, 3, 17, 8], k: [1, 3, 17, 8], v: [1, 3, 17, 8] }, attrs: { scale: 0.3 } },
    // More than a tile of 32 tokens, and of channels more than half of what invocations hold.
    { inputs: { q: [1, 2, 37, 36], k: [1, 2, 37, 36], v: [1, 2, 37, 36] }, attrs: { scale: 0.2 } },
  ],
  self_attention: [
    { inputs: { qkv: [2, 5, 24] }, attrs: { heads: 2, scale: 0.5 } },
    { inputs: { qkv: [1, 35, 120] }, attrs: { heads: 1, scale: 0.2 } },
    { inputs: { qkv: [2, 4, 18] }, attrs: { heads: 2, scale: 0.7 } },
  ],
  drop_path: [
    { inputs: { x: [3, 5, 7], mask: [3] }, constant: ['mask'], attrs: { drop_prob: 0.3 } },
    { inputs: { x: [3, 2, 8], mask: [3], residual: [3, 2, 8] }, constant: ['mask'], attrs: { drop_prob: 0.5 } },
  ],
  patch_embed: [
    { inputs: { x: [2, 3, 6, 9], 'proj.weight': [5, 3, 3, 3], 'proj.bias': [5] }, attrs: { patch: 3 } },
    { inputs: { x: [2, 3, 8, 4], 'proj.weight': [8, 3, 4, 4], 'proj.bias': [8] }, attrs: { patch: 4 } },
  ],
  embed_tokens: [
    { inputs: { patches: [3, 4, 7], cls_token: [1, 1, 7], pos_embed: [1, 5, 7] } },
    { inputs: { patches: [2, 5, 8], cls_token: [1, 1, 8], pos_embed: [1, 6, 8] } },
  ],
  pool_tokens: [
    { inputs: { x: [3, 5, 7] }, attrs: { of: 'patches' } },
    { inputs: { x: [2, 6, 8] }, attrs: { of: 'patches' } },
    { inputs: { x: [3, 5, 7] }, attrs: { of: 'class' } },
    { inputs: { x: [2, 3, 4] }, attrs: { of: 'class' } },
  ],
  max_pool2d: [
    { inputs: { x: [2, 3, 7, 9] }, attrs: { kernel: [3, 3], stride: [2, 2], padding: [1, 1] } },
    { inputs: { x: [1, 4, 6, 6] }, attrs: { kernel: [2, 2], stride: [2, 2], padding: [0, 0] } },
  ],
  global_avg_pool2d: [{ inputs: { x: [3, 5, 4, 3] } }, { inputs: { x: [2, 8, 1, 1] } }],
  cross_entropy: [
    { inputs: { logits: [7, 5], target: [7] }, labels: { target: 5 }, attrs: { target: 'index' } },
    {
      inputs: { logits: [9, 12], target: [9] },
      labels: { target: 12 },
      attrs: { target: 'index', label_smoothing: 0.1 },
    },
    {
      inputs: { logits: [6, 8], target: [6, 8] },
      attrs: { target: 'probability', label_smoothing: 0.2 },
      constant: ['target'],
    },
  ],
  l2_normalize: [
    { inputs: { x: [5, 7] }, attrs: { eps: 1e-12 } },
    { inputs: { x: [4, 64] }, attrs: { eps: 1e-12 } },
  ],
  info_nce: [
    infoNce(5, 7, 11, 0.5),
    infoNce(8, 16, 32, 0.2),
    // Several strips of the queue, the last one shorter.
    infoNce(6, 8, 20, 0.3, 8),
    infoNce(1, 3, 1, 1),
  ],
  mae_loss: [
    maeLoss([2, 3, 6, 9], 3, { norm_pix: true }),
    maeLoss([3, 2, 8, 4], 4, { norm_pix: false }),
    maeLoss([5, 1, 8, 8], 2, { norm_pix: true }),
  ],
  permute_rows: [
    { inputs: { x: [2, 7, 5], keys: [2, 7] }, attrs: { count: 3 }, constant: ['keys'] },
    { inputs: { x: [3, 9, 8], keys: [3, 9] }, constant: ['keys'] },
  ],
  restore_rows: [
    { inputs: { x: [2, 3, 5], keys: [2, 7], fill: [5] }, constant: ['keys'] },
    { inputs: { x: [3, 4, 8], keys: [3, 9], fill: [8] }, constant: ['keys'] },
    { inputs: { x: [2, 6, 4], keys: [2, 6] }, constant: ['keys'] },
  ],
  slice_rows: [
    { inputs: { x: [24, 5] }, attrs: { first: 3, count: 20 } },
    { inputs: { x: [6, 2, 2, 3] }, attrs: { first: 0, count: 4 } },
  ],
  feature_distance: [
    { inputs: { student: [2, 5, 3, 4], teacher: [2, 5, 3, 4], weights: [5] }, constant: ['teacher', 'weights'] },
    { inputs: { student: [3, 8, 2, 2], teacher: [3, 8, 2, 2] }, constant: ['teacher'] },
  ],
  small_singular_values: [
    { inputs: { z: [7, 11] }, attrs: { k: 2 } },
    { inputs: { z: [12, 5] }, attrs: { k: 1 } },
    { inputs: { z: [1, 4] }, attrs: { k: 1 } },
    { inputs: { z: [8, 8] }, attrs: { k: 8 } },
  ],
  class_contrast: [
    classContrast(17, 5, [3, 4], { temperature: 0.7 }),
    // Several strips of the queues, which end within a class.
    classContrast(6, 8, [4, 5], { temperature: 0.4, strip_keys: 8 }),
  ],
  focal_sup_con: [
    focalSupCon(9, 5, 3, { temperature: 2 }),
    focalSupCon(8, 8, 3, { temperature: 3, mean: 'columns', strip_rows: 3 }),
    focalSupCon(4, 4, 1, { temperature: 2 }),
  ],
  mix_rows: [mixRows(7, 5), mixRows(6, 8)],
  triplet: [triplet(17, 5, 1.2), triplet(6, 8, 2.1)],
  sum: [
    { inputs: { x: [5, 7] }, attrs: { axis: 'all' } },
    { inputs: { x: [37, 6] }, attrs: { axis: 'all' } },
  ],
  mean: [{ inputs: { x: [5, 7] }, attrs: { axis: 'all' } }],
  weighted_sum: [{ inputs: { x0: [1], x1: [1], x2: [1] }, attrs: { weights: [1, 0.1, -2] } }],
  sup_con: [
    supCon(9, 5, 3, { variant: 'paper' }),
    supCon(9, 5, 3, { variant: 'official' }),
    supCon(18, 16, 4, { variant: 'paper', temperature: 0.07 }),
    supCon(18, 16, 4, { variant: 'official', temperature: 0.5 }),
    supCon(12, 8, 12, { variant: 'sup_contrast', base_temperature: 0.07 }),
    supCon(14, 6, 5, { variant: 'nt_xent', temperature: 0.5 }),
    supCon(2, 3, 1, { variant: 'paper' }),
    supCon(9, 5, 5, { variant: 'paper-valid' }),
  ],
};
