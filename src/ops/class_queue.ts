import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor, variable } from '../tape/tensor.ts';
import { type QueueContrastOptions, queueContrast } from './queue_contrast.ts';
import { rowGrid } from './rows.ts';

/**
 * Bi-Tuning's contrast (Zhong et al., arXiv 2011.06182) of anchors `a` [n, d] with keys of their own, `b` [n, d], and a queue of
 * keys of each class [classes, length, d]: the mean over rows of the divergence of the softmax of [a·b, a·queue] / temperature from
 * the uniform distribution over a row's positives, its own key and those of its class (labels i32 [n], all classes of the queue).
 * Of shape [1]; a and b get gradients, the queue does not. The similarities exist a strip at a time, once in each pass.
 * Throws when shapes or the temperature do not fit.
 */
export function classContrast(
  tape: Tape,
  { a, b, queue, labels }: { a: Tensor; b: Tensor; queue: Tensor; labels: Tensor },
  options: QueueContrastOptions,
): Tensor {
  const [n = 0, d = 0] = a.shape;
  const [classes = 0, length = 0] = queue.shape;
  if (a.shape.length !== 2) throw shapeError('class_contrast', 'a', a.shape, '[n, d] is needed');
  if (showShape(b.shape) !== showShape(a.shape))
    throw shapeError('class_contrast', 'b', b.shape, `a has ${showShape(a.shape)}`);
  if (showShape(queue.shape) !== showShape([classes, length, d]))
    throw shapeError(
      'class_contrast',
      'queue',
      queue.shape,
      `it must be [classes, length, ${d}], as a has ${d} features`,
    );
  if (showShape(labels.shape) !== showShape([n]))
    throw shapeError('class_contrast', 'labels', labels.shape, `a has ${n} rows`);
  const given = { a, b, queue, classes: { labels, length } };
  const { loss, backward } = queueContrast(tape, 'class_contrast', given, options);
  return tape.record('class_contrast', { a, b, queue, labels }, loss, backward);
}

/**
 * Puts keys [n, d] into the queue [classes, length, d] of their classes, in place of the oldest, row by row; of more than a queue
 * holds the last stay. `pointers` i32 [classes] say where the oldest are; `advance` moves them.
 */
export function enqueueByClass(
  tape: Tape,
  { queue, pointers, labels }: { queue: Tensor; pointers: Tensor; labels: Tensor },
  keys: Tensor,
): void {
  const [, length = 0, d = 0] = queue.shape;
  const [rows = 0] = keys.shape;
  if (showShape(keys.shape) !== showShape([rows, d]))
    throw shapeError('enqueue_by_class', 'keys', keys.shape, `the queue's keys have ${d} features`);
  tape.dispatch(kernels['class_queue/enqueue'], {
    bindings: { keys, labels, pointers, queue },
    uniforms: { rows, d, length },
    ...rowGrid(tape.target, rows, d),
    label: 'enqueue_by_class',
  });
}

/** Moves the pointers of queues of `length` keys a class past the rows with these labels. */
export function advance(tape: Tape, pointers: Tensor, labels: Tensor, length: number): void {
  const [classes = 0] = pointers.shape;
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  tape.dispatch(kernels['class_queue/advance'], {
    bindings: { labels, pointers },
    uniforms: { rows: labels.shape[0] as number, classes, length },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(classes / WORKGROUP)),
    label: 'enqueue_by_class.advance',
  });
}

/** Features [n, d] with a 1 behind them, [n, d + 1]: what a classifier with a bias multiplies its weights with. */
export function homogeneous(tape: Tape, x: Tensor): Tensor {
  const [rows = 0, columns = 0] = x.shape;
  if (x.shape.length !== 2) throw shapeError('homogeneous', 'x', x.shape, '[n, d] is needed');
  const y = tape.empty([rows, columns + 1], 'homogeneous');
  const labels = variable('homogeneous.no_labels', [1], 'i32');
  launchHomogeneous(tape, { x, bias: x, labels, y }, { rows, columns, classes: 0 }, 0);
  return tape.record('homogeneous', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'homogeneous.grad');
      tape.dispatch(kernels['class_queue/narrow'], {
        bindings: { dy, dx },
        uniforms: { rows, columns },
        ...rowGrid(tape.target, rows, columns),
        label: 'homogeneous.backward',
      });
      return dx;
    },
  }));
}

/** For each label, i32 [n], its class's weights, of weight [d, classes], with its bias behind them: [n, d + 1], without a gradient. */
export function classWeights(tape: Tape, weight: Tensor, bias: Tensor, labels: Tensor): Tensor {
  const [columns = 0, classes = 0] = weight.shape;
  const [rows = 0] = labels.shape;
  const y = tape.empty([rows, columns + 1], 'class_weights');
  launchHomogeneous(tape, { x: weight, bias, labels, y }, { rows, columns, classes }, 1);
  return y;
}

function launchHomogeneous(
  tape: Tape,
  bindings: { x: Tensor; bias: Tensor; labels: Tensor; y: Tensor },
  uniforms: { rows: number; columns: number; classes: number },
  OF_CLASS: 0 | 1,
): void {
  const { constants, workgroups } = rowGrid(tape.target, uniforms.rows, uniforms.columns + 1);
  tape.dispatch(kernels['class_queue/homogeneous'], {
    bindings,
    uniforms,
    constants: { ...constants, OF_CLASS },
    workgroups,
    label: 'homogeneous',
  });
}
