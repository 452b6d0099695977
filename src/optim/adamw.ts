import { kernels } from '../gpu/kernel/generated.ts';
import type { Arena } from '../tape/parameter.ts';
import { createOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

export interface AdamWOptions extends OptimizerOptions {
  /** [0.9, 0.999] unless given. */
  readonly betas?: readonly [number, number];
  /** 1e-8 unless given. */
  readonly eps?: number;
}

/** AdamW with the meaning of torch.optim.AdamW; its weight decay is 0.01 unless given. */
export function adamw(
  arena: Arena,
  { betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8, weight_decay = 0.01, groups }: AdamWOptions = {},
): Optimizer {
  return createOptimizer(
    arena,
    { weight_decay, ...(groups && { groups }) },
    {
      name: 'adamw',
      kernel: kernels['optimizer/adamw'],
      states: ['exp_avg', 'exp_avg_sq'],
      uniforms: { beta1, beta2, one_minus_beta1: 1 - beta1, one_minus_beta2: 1 - beta2, eps },
      flopsPerElement: 15,
      settings: (lr, decay, step) => [lr / (1 - beta1 ** step), lr * decay, 1 / Math.sqrt(1 - beta2 ** step)],
    },
  );
}
