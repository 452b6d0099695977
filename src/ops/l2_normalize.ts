import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import type { Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import { rowGrid, rowsOf } from './rows.ts';

/** x / max(|x|, eps) along the last dimension, as PyTorch's `F.normalize`. Throws when `eps` is negative. */
export function l2Normalize(tape: Tape, x: Tensor, { eps = 1e-12 }: { eps?: number } = {}): Tensor {
  checkNumber('l2_normalize', 'eps', eps, NOT_NEGATIVE);
  const { rows, columns } = rowsOf(x);
  const launch = { uniforms: { rows, columns, eps }, ...rowGrid(tape.target, rows, columns) };
  const y = tape.empty(x.shape, 'l2_normalize');
  tape.dispatch(kernels['l2_normalize/forward'], {
    ...launch,
    bindings: { x, y },
    label: 'l2_normalize',
    flops: 3 * elements(x.shape),
  });
  return tape.record('l2_normalize', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'l2_normalize.grad');
      tape.dispatch(kernels['l2_normalize/backward'], {
        ...launch,
        bindings: { dy, x, dx },
        label: 'l2_normalize.backward',
        flops: 8 * elements(x.shape),
      });
      return dx;
    },
  }));
}
