import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, PROBABILITY } from '../tape/check.ts';
import type { Arena } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import { type Chunk, wholeChunk } from '../tape/tensor.ts';
import { overChunks } from './chunks.ts';

/**
 * Appends `average = momentum · average + (1 - momentum) · value` for all parameters of an arena, in one dispatch a chunk.
 * `average` are chunks laid out like the arena's: another model's of the same make, or those of `likeArena`.
 * Throws when they are not, or `momentum` is not from 0 to 1.
 */
export function recordEma(tape: Tape, arena: Arena, average: readonly Chunk[], momentum: number): void {
  checkNumber('ema', 'momentum', momentum, PROBABILITY);
  const bytes = (chunks: readonly Chunk[]) => chunks.map((chunk) => chunk.bytes).join();
  if (bytes(arena.chunks.map(({ values }) => values)) !== bytes(average))
    throw new Error('ema: the averages are not laid out as the parameters are; both must come from equal models.');
  const parameters = arena.chunks.flatMap((chunk) => chunk.parameters);
  overChunks(tape, arena, parameters, kernels['optimizer/ema'], {
    bindings: ({ values }, index) => ({
      values: wholeChunk(values),
      average: wholeChunk(average[index] as Chunk),
    }),
    uniforms: { momentum, one_minus_momentum: 1 - momentum },
    label: 'ema',
    flopsPerElement: 3,
  });
}
