import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor, variable } from '../tape/tensor.ts';
import { product } from './matmul.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/** Similarities that are held at a time: 16 MiB. */
const STRIP = 2 ** 22;

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
  { temperature, strip_keys }: { temperature: number; strip_keys?: number },
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
  checkNumber('class_contrast', 'temperature', temperature, { above: 0 });
  const all = classes * length;
  const strip = strip_keys ?? Math.max(4, Math.floor(STRIP / n / 4) * 4);
  const strips = Array.from({ length: Math.ceil(all / strip) }, (_, index) => {
    const first = index * strip;
    return { first, columns: Math.min(strip, all - first) };
  });
  const inverse_temperature = 1 / temperature;
  const sizes = { rows: n, length, inverse_temperature };

  const similarities = ({ first, columns }: (typeof strips)[number], label: string): Tensor => {
    const s = tape.empty([n, columns], label);
    product(tape, {
      ...{ m: n, n: columns, k: d, label },
      a: { tensor: a, row: d },
      b: { tensor: queue, row: d, offset: first * d, transposed: true },
      c: { tensor: s, row: columns },
    });
    return s;
  };

  const statistics = tape.empty([n, 4], 'class_contrast.statistics');
  const losses = tape.empty([n], 'class_contrast.rows');
  for (const part of strips)
    tape.dispatch(kernels['class_queue/statistics'], {
      bindings: { s: similarities(part, 'class_contrast.similarities'), a, b, labels, statistics, losses },
      uniforms: { ...sizes, ...part, d },
      ...rowGrid(tape.target, n, part.columns),
      label: 'class_contrast.statistics',
      flops: 4 * n * part.columns,
    });
  const y = tape.empty([1], 'class_contrast');
  const loss = reduceRows(tape, losses, { rows: n, columns: 1 }, 1 / n, y, 'class_contrast.mean');

  const ownKey = (dy: Tensor, u: Tensor, dv: Tensor) =>
    tape.dispatch(kernels['info_nce/positives'], {
      bindings: { dy, statistics, u, dv },
      uniforms: { rows: n, d, inverse_temperature, share: 1 / (length + 1) },
      ...rowGrid(tape.target, n, d),
      label: 'class_contrast.own_key',
      flops: n * d,
    });
  return tape.record('class_contrast', { a, b, queue, labels }, loss, (dy) => ({
    a: (into) => {
      const da = into ?? tape.empty(a.shape, 'class_contrast.grad_a');
      ownKey(dy, b, da);
      for (const part of strips) {
        const s = similarities(part, 'class_contrast.similarities_again');
        tape.dispatch(kernels['class_queue/weights'], {
          bindings: { dy, statistics, labels, s },
          uniforms: { ...sizes, ...part },
          ...rowGrid(tape.target, n, part.columns),
          label: 'class_contrast.weights',
          flops: 4 * n * part.columns,
        });
        product(tape, {
          ...{ m: n, n: d, k: part.columns, accumulate: true, label: 'class_contrast.gradient' },
          a: { tensor: s, row: part.columns },
          b: { tensor: queue, row: d, offset: part.first * d },
          c: { tensor: da, row: d },
        });
      }
      return da;
    },
    b: (into) => {
      const db = into ?? tape.empty(b.shape, 'class_contrast.grad_b');
      ownKey(dy, a, db);
      return db;
    },
  }));
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
