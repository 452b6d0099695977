import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
import type { Arena } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import { type Chunk, type Tensor, wholeChunk } from '../tape/tensor.ts';
import { likeArena, overChunks, partsOf, type Trained, trainedParameters } from './chunks.ts';

/** Sums of gradients over micro-batches, from which an optimizer can take its step. */
export interface Accumulator {
  /** Laid out like the arena's chunks; made at first use, zero after each optimizer step. */
  readonly chunks: readonly Chunk[];
  /** Appends `sum += factor · gradient` for the trained parameters; the factor is 1/k for a mean over k micro-batches. */
  record(tape: Tape, trained: Trained, factor: number): void;
  /** The sums as lasting tensors, by parameter: what must be kept to resume between two optimizer steps. */
  state(): Map<string, Tensor>;
}

/**
 * Gradient accumulation: one program computes gradients and adds them up (`record`), run k times; another one holds
 * only `optimizer.record(tape, trained, { from: accumulator })`, which takes the step and clears the sums. Running it
 * after fewer than k micro-batches, at the end of an epoch, takes a step on the partial sum, as PyTorch Lightning does.
 */
export function accumulator(arena: Arena): Accumulator {
  let chunks: Chunk[] | undefined;
  const result: Accumulator = {
    get chunks() {
      chunks ??= likeArena(arena, 'accumulated');
      return chunks;
    },
    record(tape, trained, factor) {
      checkNumber('accumulate', 'factor', factor, { above: 0 });
      overChunks(tape, arena, trainedParameters(arena, trained), kernels['optimizer/accumulate'], {
        bindings: ({ gradients }, index) => ({
          gradients: wholeChunk(gradients),
          sums: wholeChunk(result.chunks[index] as Chunk),
        }),
        uniforms: { factor },
        label: 'accumulate',
        flopsPerElement: 2,
      });
    },
    state: () => partsOf(arena, result.chunks, 'accumulated'),
  };
  return result;
}
