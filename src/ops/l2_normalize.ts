import { kernels } from '../gpu/kernel/generated.ts';
import type { Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import { rowGrid, rowsOf } from './rows.ts';

/** x / max(|x|, eps) along the last dimension, as PyTorch's `F.normalize`. */
export function l2Normalize(tape: Tape, x: Tensor, { eps = 1e-12 }: { eps?: number } = {}): Tensor {
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
