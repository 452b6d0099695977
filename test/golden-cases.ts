// Which golden cases there are, because a test in a browser cannot list a folder.

/** How many cases each operation has: test/golden/OP-00.safetensors and so on. */
const counts = {
  add: 1,
  attention: 3,
  batch_norm: 8,
  conv2d: 12,
  cross_entropy: 4,
  gelu: 1,
  global_avg_pool2d: 1,
  l2_normalize: 1,
  layer_norm: 3,
  linear: 3,
  matmul: 18,
  max_pool2d: 3,
  optim_adamw: 1,
  optim_sgd: 2,
  relu: 1,
  s_dbw: 30,
  softmax: 3,
  sup_con: 15,
};

/** An operation with golden cases. */
export type GoldenOp = keyof typeof counts;

/** The names of the cases of one operation, such as `conv2d-00`. */
export function goldenCases(op: GoldenOp): string[] {
  return Array.from({ length: counts[op] }, (_, i) => `${op}-${String(i).padStart(2, '0')}`);
}

/** All operations with golden cases. */
export const goldenOps = Object.keys(counts) as GoldenOp[];

/** The cases of whole models and trainings. */
export const goldenModels = ['model_resnet18', 'model_resnet50', 'trajectory_coin_official', 'trajectory_coin_paper'];
