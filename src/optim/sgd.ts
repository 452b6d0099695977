import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import type { Arena } from '../tape/parameter.ts';
import { createOptimizer, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** What `sgd` is told, with PyTorch's names and meaning. */
export interface SgdOptions extends OptimizerOptions {
  /** At least 0; 0 unless given. */
  readonly momentum?: number;
  /** Nesterov's momentum, which must then be above 0. */
  readonly nesterov?: boolean;
}

/** SGD with the meaning of torch.optim.SGD, dampening 0; weight decay is part of the gradient. Throws when an option is out of range. */
export function sgd(arena: Arena, { momentum = 0, nesterov = false, ...options }: SgdOptions = {}): Optimizer {
  checkNumber('sgd', 'momentum', momentum, NOT_NEGATIVE);
  if (nesterov && momentum === 0) throw new Error('sgd: nesterov is set, but it needs a momentum above 0.');
  return createOptimizer(arena, options, {
    name: 'sgd',
    kernel: kernels['optimizer/sgd'],
    states: ['momentum_buffer'],
    uniforms: { momentum, nesterov: Number(nesterov) },
    flopsPerElement: 8,
    settings: (lr, weight_decay) => [lr, weight_decay],
  });
}
