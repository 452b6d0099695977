import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import type { Arena } from '../tape/parameter.ts';
import { createOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** What `adamw` is told, with PyTorch's names and meaning. */
export interface AdamWOptions extends OptimizerOptions {
  /** Decay of the averages of the gradient and of its square, from 0 to below 1; [0.9, 0.999] unless given. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second average, at least 0; 1e-8 unless given. */
  readonly eps?: number;
}

/** AdamW with the meaning of torch.optim.AdamW; its weight decay is 0.01 unless given. Throws when an option is out of range. */
export function adamw(
  arena: Arena,
  { betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8, weight_decay = 0.01, groups }: AdamWOptions = {},
): Optimizer {
  checkNumber('adamw', 'betas[0]', beta1, { least: 0, below: 1 });
  checkNumber('adamw', 'betas[1]', beta2, { least: 0, below: 1 });
  checkNumber('adamw', 'eps', eps, NOT_NEGATIVE);
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
