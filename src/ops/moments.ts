import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Tape } from '../tape/tape.ts';
import { elements, type Moments, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { reductionGrid } from './columns.ts';
import type { Gemm } from './gemm/problem.ts';
import type { Tiling } from './gemm/tilings.ts';

/** Where batch statistics come from: the kernel that computes the tensor, or a pass over it. */
export const momentsCandidates: readonly Candidate<Pick<Gemm, 'rows' | 'columns' | 'depth'>>[] = [
  // Saves a read of the tensor, 5 % of all that a step of ResNet-50 moves. That should be time on a GPU, whose batch norms wait
  // for memory; none has been timed. On processors, which find much of a tensor in caches, convolution and batch norm took 0.87
  // to 1.14 times as long, in most cases 0.97 to 1.07: no gain.
  { name: 'epilogue', suits: (_problem, { kind }) => kind === 'gpu' },
  { name: 'pass' },
];

/** Room for the partial statistics of a product's result, where its kernel should take them. */
export function momentsOf(tape: Tape, { rows, columns, depth }: Gemm, tiling: Tiling): Moments | undefined {
  const { name } = choose(tape, 'batch_norm.statistics', momentsCandidates, { rows, columns, depth });
  if (name === 'pass') return undefined;
  const { chunkRows = tiling.rows } = tiling;
  return { partials: tape.empty([Math.ceil(rows / chunkRows), 2, columns], 'moments'), chunkRows };
}

/** Merges partial statistics of x where there are more than `most`: whoever needs those of a column reads all of them. */
export function fewMoments(tape: Tape, x: Tensor, { partials, chunkRows }: Moments, most: number): Moments {
  const [chunks, , channels] = partials.shape as [number, number, number];
  if (chunks <= most) return { partials, chunkRows };
  const columns = channels / 4;
  const grid = reductionGrid(tape.target, { rows: chunks, columns, width: 4 });
  const to = tape.empty([grid.chunks, 2, channels], 'batch_norm.partials');
  tape.dispatch(kernels['batch_norm/combine'], {
    bindings: { partials, to },
    uniforms: {
      rows: elements(x.shape) / channels,
      columns,
      partials: chunks,
      partial_rows: chunkRows,
      chunk_partials: grid.chunkRows,
    },
    constants: grid.constants,
    workgroups: grid.workgroups,
    label: 'batch_norm.combine',
    flops: 8 * elements(partials.shape),
  });
  return { partials: to, chunkRows: grid.chunkRows * chunkRows };
}
