import { kernels } from '../gpu/kernel/generated.ts';
import type { Arena } from '../tape/parameter.ts';
import { createOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

export interface SgdOptions extends OptimizerOptions {
  /** 0 unless given. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** SGD with the meaning of torch.optim.SGD, dampening 0; weight decay is part of the gradient. */
export function sgd(arena: Arena, { momentum = 0, nesterov = false, ...options }: SgdOptions = {}): Optimizer {
  return createOptimizer(arena, options, {
    name: 'sgd',
    kernel: kernels['optimizer/sgd'],
    states: ['momentum_buffer'],
    uniforms: { momentum, nesterov: Number(nesterov) },
    flopsPerElement: 8,
    settings: (lr, weight_decay) => [lr, weight_decay],
  });
}
