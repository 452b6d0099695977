import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { grid } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { byteLength, showShape, type Tensor } from '../tape/tensor.ts';

/**
 * Launches a kernel with `lib/elementwise.wgsl`, which maps vec4s of its bindings, f32 tensors that all have one shape; without a record.
 * Its uniforms `vec4s` and `span` are set here, any others are given. `updates` is a tensor that is both read and written.
 */
export function elementwise<B extends string, U extends string>(
  tape: Tape,
  kernel: Kernel<B, 'vec4s' | 'span' | U, 'WORKGROUP'>,
  bindings: Record<B, Tensor>,
  label: string,
  uniforms: Record<Exclude<U, 'vec4s' | 'span'>, number>,
  updates?: Tensor,
): void;
/** The same for a kernel whose names only the running program knows. */
export function elementwise<B extends string>(
  tape: Tape,
  kernel: Kernel<B> & (string extends B ? unknown : never),
  bindings: Record<string, Tensor>,
  label: string,
  uniforms: Record<string, number>,
  updates?: Tensor,
): void;
export function elementwise<B extends string, U extends string>(
  tape: Tape,
  kernel: Kernel<B, 'vec4s' | 'span' | U, 'WORKGROUP'>,
  bindings: Record<B, Tensor>,
  label: string,
  uniforms: Record<Exclude<U, 'vec4s' | 'span'>, number>,
  updates?: Tensor,
): void {
  const [any] = Object.values<Tensor>(bindings) as [Tensor];
  mapValues(tape, kernel, bindings, label, uniforms, byteLength(any) / 16, {}, updates);
}

/** Launches a kernel with `lib/elementwise.wgsl` that maps so many vec4s, or whatever it calls its Values; without a record. */
export function mapValues<B extends string, U extends string, C extends string>(
  tape: Tape,
  kernel: Kernel<B, 'vec4s' | 'span' | U, 'WORKGROUP' | C>,
  bindings: Record<B, Tensor>,
  label: string,
  uniforms: Record<Exclude<U, 'vec4s' | 'span'>, number>,
  vec4s: number,
  constants: Partial<Record<Exclude<C, 'WORKGROUP'>, number>> = {},
  updates?: Tensor,
): void {
  const { WORKGROUP, span } =
    tape.target.kind === 'cpu'
      ? { WORKGROUP: 8, span: Math.min(2048, Math.ceil(vec4s / 8)) }
      : { WORKGROUP: 64, span: 256 };
  tape.dispatch<string, string, string>(kernel as Kernel, {
    bindings,
    uniforms: { ...uniforms, vec4s, span },
    constants: { ...constants, WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(vec4s / span)),
    label,
    flops: 4 * vec4s,
    updates,
  });
}

/** a + b, both of one shape. */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  if (showShape(a.shape) !== showShape(b.shape)) throw shapeError('add', 'b', b.shape, `a has ${showShape(a.shape)}`);
  const y = addInto(tape, a, b);
  const pass = (dy: Tensor) => (into?: Tensor) => (into ? scaled(tape, dy, 1, into) : dy);
  return tape.record('add', { a, b }, y, (dy) => ({ a: pass(dy), b: pass(dy) }));
}

/** max(x, 0). Any shape. */
export function relu(tape: Tape, x: Tensor): Tensor {
  const y = tape.empty(x.shape, 'relu');
  elementwise(tape, kernels['elementwise/relu'], { x, y }, 'relu', {});
  return tape.record('relu', { x }, y, (dy) => ({ x: (into) => reluBackward(tape, dy, y, into) }));
}

/** dy where y, what a ReLU gave, is positive, else 0; without a record: a building block of gradients. */
export function reluBackward(tape: Tape, dy: Tensor, y: Tensor, into?: Tensor): Tensor {
  const dx = into ?? tape.empty(y.shape, 'relu.grad');
  elementwise(tape, kernels['elementwise/relu_backward'], { dy, y, dx }, 'relu.backward', {});
  return dx;
}

/** x Φ(x) with the normal distribution function Φ, not its tanh approximation. Any shape. */
export function gelu(tape: Tape, x: Tensor): Tensor {
  const y = tape.empty(x.shape, 'gelu');
  elementwise(tape, kernels['elementwise/gelu'], { x, y }, 'gelu', {});
  return tape.record('gelu', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'gelu.grad');
      elementwise(tape, kernels['elementwise/gelu_backward'], { dy, x, dx }, 'gelu.backward', {});
      return dx;
    },
  }));
}

/** factor · x. Any shape. Throws when the factor is no finite number. */
export function scale(tape: Tape, x: Tensor, factor: number): Tensor {
  checkNumber('scale', 'factor', factor);
  return tape.record('scale', { x }, scaled(tape, x, factor), (dy) => ({
    x: (into) => scaled(tape, dy, factor, into),
  }));
}

/** factor · x, without a record: a building block of gradients. */
export function scaled(tape: Tape, x: Tensor, factor: number, into = tape.empty(x.shape, 'scale')): Tensor {
  elementwise(tape, kernels['elementwise/scale'], { x, y: into }, 'scale', { factor });
  return into;
}

/** The sum of two gradients, in place where `into` is the first of them; without a record: a building block of gradients. */
export function addInto(tape: Tape, a: Tensor, b: Tensor, into?: Tensor): Tensor {
  if (into === a) {
    elementwise(tape, kernels['elementwise/accumulate'], { x: b, y: a }, 'accumulate', {}, a);
    return a;
  }
  const y = into ?? tape.empty(a.shape, 'add');
  elementwise(tape, kernels['elementwise/add'], { a, b, y }, 'add', {});
  return y;
}
