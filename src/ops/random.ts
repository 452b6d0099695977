import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Tape } from '../tape/tape.ts';
import type { Shape, Tensor } from '../tape/tensor.ts';
import { elementwise } from './elementwise.ts';

/**
 * Numbers uniform in [0, 1), each fixed by `counter` (u32 [2]: seed and step), its place and `stream`, which tells the uses of
 * one seed and step apart: the same bits as `random4` of src/data/random.ts gives. Without a gradient.
 */
export function uniform(tape: Tape, counter: Tensor, shape: Shape, stream: number): Tensor {
  const y = tape.empty(shape, 'uniform');
  elementwise(tape, kernels['random/uniform'], { y, counter }, 'uniform', { stream });
  return y;
}
