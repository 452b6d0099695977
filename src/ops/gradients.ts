import { backward } from '../tape/backward.ts';
import type { Tape } from '../tape/tape.ts';
import { elements, type Tensor, variable } from '../tape/tensor.ts';
import { addInto } from './elementwise.ts';

/**
 * Appends the gradient of `output` (usually a loss of shape [1]) with respect to every trainable parameter and every
 * input that requires one, and returns them. `upstream` is the gradient arriving at `output`, ones unless given.
 */
export function gradients(tape: Tape, output: Tensor, upstream?: Tensor): Map<Tensor, Tensor> {
  return backward(tape, output, upstream ?? constant('ones', output.shape, 1), addInto);
}

/** A lasting tensor filled with one value. */
export const constant = (label: string, shape: readonly number[], value: number): Tensor =>
  variable(label, shape, 'f32', new Float32Array(elements(shape)).fill(value));
