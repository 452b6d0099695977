import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { type QueueContrastOptions, queueContrast } from './queue_contrast.ts';
import { rowGrid } from './rows.ts';

/** What `infoNce` is told besides its tensors. */
export type InfoNceOptions = QueueContrastOptions;

/**
 * MoCo's loss (He et al., arXiv 1911.05722, algorithm 1) of unit queries `v` and their positive keys `u`, both [n, d], against
 * a queue of negative unit keys [length, d]: the mean over rows of the cross-entropy of [v·u, v·queue] / temperature with
 * class 0, of shape [1]. Only v gets a gradient. The similarities exist a strip of the queue at a time, once in each pass.
 * Throws when shapes or the temperature do not fit.
 */
export function infoNce(tape: Tape, v: Tensor, u: Tensor, queue: Tensor, options: InfoNceOptions): Tensor {
  const [, d = 0] = v.shape;
  const [length = 0] = queue.shape;
  if (v.shape.length !== 2) throw shapeError('info_nce', 'v', v.shape, '[n, d] is needed');
  if (showShape(u.shape) !== showShape(v.shape))
    throw shapeError('info_nce', 'u', u.shape, `v has ${showShape(v.shape)}`);
  if (showShape(queue.shape) !== showShape([length, d]))
    throw shapeError('info_nce', 'queue', queue.shape, `it must be [length, ${d}], as v has ${d} features`);
  const { loss, backward } = queueContrast(tape, 'info_nce', { a: v, b: u, queue }, options);
  return tape.record('info_nce', { v, u, queue }, loss, (dy) => ({ v: backward(dy).a }));
}

/** A queue of keys [length, d] and where its oldest key is, i32 [1]: lasting tensors, which `enqueue` changes in place. */
export interface KeyQueue {
  readonly queue: Tensor;
  readonly queue_ptr: Tensor;
}

/** Replaces the oldest keys of a queue by keys [n, d], n at most its length, going round at its end. Throws when they do not fit. */
export function enqueue(tape: Tape, { queue, queue_ptr }: KeyQueue, keys: Tensor): void {
  const [length = 0, d = 0] = queue.shape;
  const [rows = 0] = keys.shape;
  if (showShape(keys.shape) !== showShape([rows, d]) || rows > length)
    throw shapeError('enqueue', 'keys', keys.shape, `the queue holds ${length} keys of ${d} features`);
  tape.dispatch(kernels['key_queue/enqueue'], {
    bindings: { keys, pointer: queue_ptr, queue },
    uniforms: { rows, d, length },
    ...rowGrid(tape.target, rows, d),
    label: 'enqueue',
  });
  tape.dispatch(kernels['key_queue/advance'], {
    bindings: { pointer: queue_ptr },
    uniforms: { rows, length },
    workgroups: [1, 1, 1],
    label: 'enqueue.advance',
  });
}
