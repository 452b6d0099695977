import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { rowGrid, rowsOf } from './rows.ts';

export const softmaxCandidates: readonly (Candidate<{ rows: number; columns: number }> & {
  readonly width: 1 | 4;
  readonly forward: (typeof kernels)['softmax/forward'];
  readonly backward: (typeof kernels)['softmax/backward'];
})[] = [
  {
    name: 'vec4',
    unfit: ({ columns }) => (columns % 4 === 0 ? undefined : `${columns} columns are no multiple of 4`),
    width: 4,
    forward: kernels['softmax/forward'],
    backward: kernels['softmax/backward'],
  },
  {
    name: 'scalar',
    width: 1,
    forward: kernels['softmax/forward_scalar'],
    backward: kernels['softmax/backward_scalar'],
  },
];

/** Softmax along the last dimension. */
export function softmax(tape: Tape, x: Tensor): Tensor {
  const { rows, columns: width } = rowsOf(x);
  const chosen = choose(tape, 'softmax', softmaxCandidates, { rows, columns: width });
  const columns = width / chosen.width;
  const launch = { uniforms: { rows, columns }, ...rowGrid(tape.target, rows, columns) };
  const y = tape.empty(x.shape, 'softmax');
  tape.dispatch(chosen.forward, { ...launch, bindings: { x, y }, label: 'softmax', flops: 5 * elements(x.shape) });
  return tape.record('softmax', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'softmax.grad');
      const flops = 4 * elements(x.shape);
      tape.dispatch(chosen.backward, { ...launch, bindings: { dy, y, dx }, label: 'softmax.backward', flops });
      return dx;
    },
  }));
}
