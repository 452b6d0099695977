import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { reduceRows } from '../ops/reduce.ts';
import type { Arena, Parameter } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import { type Chunk, type Tensor, wholeChunk } from '../tape/tensor.ts';
import { countSpans, overChunks } from './chunks.ts';

/**
 * ½ Σ (w - r)² over parameters of an arena, of shape [1]; r are the values of `reference`, chunks laid out like the arena's, or 0
 * where that is absent. One dispatch a chunk in each pass. The gradients of all parameters are computed where the last of them is
 * asked for: recorded before all else that uses them, it adds to what they get from there.
 * Throws when no parameter is given or the reference is laid out in another way.
 */
export function l2Distance(
  tape: Tape,
  arena: Arena,
  parameters: readonly Parameter[],
  reference?: readonly Chunk[],
): Tensor {
  if (parameters.length === 0) throw new Error('l2_distance: there is no parameter to hold.');
  const bytes = (chunks: readonly Chunk[]) => chunks.map((chunk) => chunk.bytes).join();
  if (reference && bytes(arena.chunks.map(({ values }) => values)) !== bytes(reference))
    throw new Error(
      'l2_distance: the reference is not laid out as the parameters are; both must come from equal models.',
    );
  const bindings = ({ values }: Arena['chunks'][number], index: number) => ({
    values: wholeChunk(values),
    reference: wholeChunk(reference?.[index] ?? values),
  });
  const ANCHORED = reference ? 1 : 0;
  const spans = countSpans(tape, arena, parameters);
  const partials = tape.empty([spans], 'l2_distance.partials');
  const kernel: Kernel = reference ? kernels['optimizer/square_sums_from'] : kernels['optimizer/square_sums'];
  overChunks<string, string, string>(tape, arena, parameters, kernel, {
    bindings: ({ values }, index) => ({
      values: wholeChunk(values),
      ...(reference && { reference: wholeChunk(reference[index] as Chunk) }),
      partials,
    }),
    uniforms: {},
    label: 'l2_distance',
    flopsPerElement: 3,
  });
  const y = tape.empty([1], 'l2_distance');
  reduceRows(tape, partials, { rows: spans, columns: 1 }, 0.5, y, 'l2_distance.sum');
  const last = parameters.filter(({ requiresGrad }) => requiresGrad).at(-1);
  return tape.record(
    'l2_distance',
    Object.fromEntries(parameters.map((parameter) => [parameter.label, parameter])),
    y,
    (dy) => {
      const wanted = { write: [] as Parameter[], add: [] as Parameter[] };
      const thunk = (parameter: Parameter) => (_into?: Tensor, onto?: Tensor) => {
        wanted[onto ? 'add' : 'write'].push(parameter);
        if (parameter === last)
          for (const [own, ADD] of [
            [wanted.write, 0],
            [wanted.add, 1],
          ] as const)
            overChunks(tape, arena, own, kernels['l2_distance/backward'], {
              bindings: (chunk, index) => ({
                ...bindings(chunk, index),
                dy,
                gradients: wholeChunk(chunk.gradients),
              }),
              uniforms: {},
              constants: { ANCHORED, ADD },
              label: 'l2_distance.backward',
              flopsPerElement: 3,
            });
        return onto ?? parameter.gradient;
      };
      return Object.fromEntries(parameters.map((parameter) => [parameter.label, thunk(parameter)]));
    },
  );
}
