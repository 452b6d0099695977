import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';

/** Row-major matrices one after the other. */
export type Stack = readonly [matrices: number, rows: number, columns: number];

/** A copy of x with rows and columns, both multiples of 4, exchanged; without a record. */
export function transposed(tape: Tape, x: Tensor, [matrices, rows, columns]: Stack, label: string): Tensor {
  const kernel = kernels['matmul/transpose'];
  const y = tape.empty([matrices, columns, rows], `${label}.transposed`);
  tape.dispatch(kernel, {
    bindings: { x, y },
    uniforms: { matrices, rows, columns },
    workgroups: grid(
      tape.target,
      Math.ceil((matrices * rows * columns) / 16 / tile(tape.target, kernel.constants).WORKGROUP),
    ),
    label: `${label}.transpose`,
    flops: 0,
  });
  return y;
}
