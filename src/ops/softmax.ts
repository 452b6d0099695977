import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
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

/** Softmax of factor · x along the last dimension; the factor is 1 unless given. Throws when it is no finite number. */
export function softmax(tape: Tape, x: Tensor, { factor = 1 }: { readonly factor?: number } = {}): Tensor {
  checkNumber('softmax', 'factor', factor);
  const y = softmaxForward(tape, x, factor);
  return tape.record('softmax', { x }, y, (dy) => ({ x: (into) => softmaxBackward(tape, dy, y, factor, into) }));
}

/** Softmax of factor · x along the last dimension, without a record: a building block of ops. */
export function softmaxForward(tape: Tape, x: Tensor, factor: number): Tensor {
  const { forward: kernel, launch } = launchOf(tape, x, factor);
  const y = tape.empty(x.shape, 'softmax');
  tape.dispatch(kernel, { ...launch, bindings: { x, y }, label: 'softmax', flops: 5 * elements(x.shape) });
  return y;
}

/** Its gradient by x, where softmax gave y. */
export function softmaxBackward(tape: Tape, dy: Tensor, y: Tensor, factor: number, into?: Tensor): Tensor {
  const { backward: kernel, launch } = launchOf(tape, y, factor);
  const dx = into ?? tape.empty(y.shape, 'softmax.grad');
  const flops = 4 * elements(y.shape);
  tape.dispatch(kernel, { ...launch, bindings: { dy, y, dx }, label: 'softmax.backward', flops });
  return dx;
}

function launchOf(tape: Tape, x: Tensor, factor: number) {
  const { rows, columns: width } = rowsOf(x);
  const chosen = choose(tape, 'softmax', softmaxCandidates, { rows, columns: width });
  const columns = width / chosen.width;
  return { ...chosen, launch: { uniforms: { rows, columns, factor }, ...rowGrid(tape.target, rows, columns) } };
}
