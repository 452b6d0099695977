import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { reductionGrid } from './columns.ts';
import { affineGradients } from './reduce.ts';
import { rowGrid, rowsOf } from './rows.ts';

export const layerNormCandidates: readonly (Candidate<{ rows: number; columns: number }> & {
  readonly width: 1 | 4;
  readonly forward: (typeof kernels)['layer_norm/forward'];
  readonly input: (typeof kernels)['layer_norm/backward_input'];
  readonly sums: (typeof kernels)['layer_norm/backward_sums'];
})[] = [
  {
    name: 'vec4',
    unfit: ({ columns }) => (columns % 4 === 0 ? undefined : `${columns} columns are no multiple of 4`),
    width: 4,
    forward: kernels['layer_norm/forward'],
    input: kernels['layer_norm/backward_input'],
    sums: kernels['layer_norm/backward_sums'],
  },
  {
    name: 'scalar',
    width: 1,
    forward: kernels['layer_norm/forward_scalar'],
    input: kernels['layer_norm/backward_input_scalar'],
    sums: kernels['layer_norm/backward_sums_scalar'],
  },
];

/**
 * Normalisation along the last dimension by its own mean and biased variance, times weight plus bias, both of that
 * dimension's size. `eps` (at least 0) is added to the variance. Throws when a size or `eps` does not fit.
 */
export function layerNorm(
  tape: Tape,
  x: Tensor,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
  { eps = 1e-5 }: { eps?: number } = {},
): Tensor {
  checkNumber('layer_norm', 'eps', eps, NOT_NEGATIVE);
  const { rows, columns: width } = rowsOf(x);
  for (const [name, tensor] of Object.entries({ weight, bias }))
    if (showShape(tensor.shape) !== showShape([width]))
      throw shapeError('layer_norm', name, tensor.shape, `x has rows of ${width}`);
  const chosen = choose(tape, 'layer_norm', layerNormCandidates, { rows, columns: width });
  const columns = width / chosen.width;
  const byRows = rowGrid(tape.target, rows, columns);
  const y = tape.empty(x.shape, 'layer_norm');
  const saved = tape.empty([rows, 2], 'layer_norm.saved');
  tape.dispatch(chosen.forward, {
    bindings: { x, weight, bias, y, saved },
    uniforms: { rows, columns, width, eps },
    ...byRows,
    label: 'layer_norm',
    flops: 8 * elements(x.shape),
  });
  return tape.record('layer_norm', { weight, bias, x }, y, (dy) => {
    const parameters = affineGradients(tape, 'layer_norm', width, () => {
      const grid = reductionGrid(tape.target, { rows, columns, width: chosen.width });
      const sums = tape.empty([grid.chunks, 2, width], 'layer_norm.sums');
      tape.dispatch(chosen.sums, {
        bindings: { dy, x, saved, sums },
        uniforms: { rows, columns, chunk_rows: grid.chunkRows },
        constants: grid.constants,
        workgroups: grid.workgroups,
        label: 'layer_norm.backward_sums',
        flops: 5 * elements(x.shape),
      });
      return { sums, count: grid.chunks };
    });
    return {
      weight: parameters.thunk('dweight', !bias.requiresGrad),
      bias: parameters.thunk('dbias', true),
      x: (into, onto) => {
        const dx = onto ?? into ?? tape.empty(x.shape, 'layer_norm.grad');
        tape.dispatch(chosen.input, {
          bindings: { dy, x, weight, saved, dx },
          uniforms: { rows, columns, width },
          ...byRows,
          constants: { ...byRows.constants, ACCUMULATE: onto ? 1 : 0 },
          label: 'layer_norm.backward_input',
          flops: 9 * elements(x.shape),
          updates: onto,
        });
        return dx;
      },
    };
  });
}
