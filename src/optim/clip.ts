import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
import type { Arena } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import { type Tensor, wholeChunk } from '../tape/tensor.ts';
import type { Accumulator } from './accumulate.ts';
import { countSpans, overChunks, type Trained, trainedParameters } from './chunks.ts';

/**
 * Appends what shrinks the gradients of the trained parameters, or their sums, so that the norm of all of them together is at
 * most `max_norm`, as torch.nn.utils.clip_grad_norm_ does; the optimizer's step comes after it. Two runs give the same bits.
 * Returns the norm before, of shape [1]. Throws when `max_norm` is not above 0 or nothing is trained.
 */
export function clipGradients(
  tape: Tape,
  arena: Arena,
  trained: Trained,
  { max_norm, from }: { max_norm: number; from?: Accumulator | undefined },
): Tensor {
  checkNumber('clipGradients', 'max_norm', max_norm, { above: 0 });
  const parameters = trainedParameters(arena, trained);
  const spans = countSpans(tape, arena, parameters);
  if (spans === 0) throw new Error('clipGradients: no parameter of the arena has a gradient here.');
  const partials = tape.empty([spans], 'clip.partials');
  const [norm, factor] = [tape.empty([1], 'clip.norm'), tape.empty([1], 'clip.factor')];
  const gradientsOf = (index: number) => wholeChunk(from?.chunks[index] ?? arena.chunks[index]!.gradients);
  overChunks(tape, arena, parameters, kernels['optimizer/square_sums'], {
    bindings: (_, index) => ({ values: gradientsOf(index), partials }),
    uniforms: {},
    label: 'clip.square_sums',
    flopsPerElement: 2,
  });
  tape.dispatch(kernels['optimizer/clip_factor'], {
    bindings: { partials, norm, factor },
    uniforms: { partials: spans, max_norm },
    workgroups: [1, 1, 1],
    label: 'clip.factor',
    flops: spans,
  });
  overChunks(tape, arena, parameters, kernels['optimizer/clip'], {
    bindings: (_, index) => ({ factor, gradients: gradientsOf(index) }),
    uniforms: {},
    label: 'clip',
    flopsPerElement: 1,
  });
  return norm;
}
