import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { product } from './matmul.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/** What `infoNce` is told besides its tensors. */
export interface InfoNceOptions {
  /** What similarities are divided by, above 0. */
  temperature: number;
  /** How many keys of the queue are compared at a time; as many as `STRIP` similarities allow unless given. */
  strip_keys?: number;
}

/** Similarities that are held at a time, 16 MiB: beyond that, longer products gain nothing. */
const STRIP = 2 ** 22;

/**
 * MoCo's loss (He et al., arXiv 1911.05722, algorithm 1) of unit queries `v` and their positive keys `u`, both [n, d], against
 * a queue of negative unit keys [length, d]: the mean over rows of the cross-entropy of [v·u, v·queue] / temperature with
 * class 0, of shape [1]. Only v gets a gradient. The similarities exist a strip of the queue at a time, once in each pass.
 * Throws when shapes or the temperature do not fit.
 */
export function infoNce(
  tape: Tape,
  v: Tensor,
  u: Tensor,
  queue: Tensor,
  { temperature, strip_keys }: InfoNceOptions,
): Tensor {
  const [n = 0, d = 0] = v.shape;
  const [length = 0] = queue.shape;
  if (v.shape.length !== 2) throw shapeError('info_nce', 'v', v.shape, '[n, d] is needed');
  if (showShape(u.shape) !== showShape(v.shape))
    throw shapeError('info_nce', 'u', u.shape, `v has ${showShape(v.shape)}`);
  if (showShape(queue.shape) !== showShape([length, d]))
    throw shapeError('info_nce', 'queue', queue.shape, `it must be [length, ${d}], as v has ${d} features`);
  checkNumber('info_nce', 'temperature', temperature, { above: 0 });
  const strip = strip_keys ?? Math.max(4, Math.floor(STRIP / n / 4) * 4);
  const strips = Array.from({ length: Math.ceil(length / strip) }, (_, index) => {
    const first = index * strip;
    return { first, keys: Math.min(strip, length - first) };
  });
  const inverse_temperature = 1 / temperature;

  const similarities = ({ first, keys }: (typeof strips)[number], label: string): Tensor => {
    const s = tape.empty([n, keys], label);
    product(tape, {
      ...{ m: n, n: keys, k: d, label },
      a: { tensor: v, row: d },
      b: { tensor: queue, row: d, offset: first * d, transposed: true },
      c: { tensor: s, row: keys },
    });
    return s;
  };

  const statistics = tape.empty([n, 4], 'info_nce.statistics');
  const losses = tape.empty([n], 'info_nce.rows');
  for (const part of strips)
    tape.dispatch(kernels['info_nce/statistics'], {
      bindings: { s: similarities(part, 'info_nce.similarities'), v, u, statistics, losses },
      uniforms: { rows: n, columns: part.keys, d, merge: Number(part.first > 0), inverse_temperature },
      ...rowGrid(tape.target, n, part.keys),
      label: 'info_nce.statistics',
      flops: 4 * n * part.keys,
    });
  const loss = reduceRows(tape, losses, { rows: n, columns: 1 }, 1 / n, tape.empty([1], 'info_nce'), 'info_nce.mean');

  return tape.record('info_nce', { v, u, queue }, loss, (dy) => ({
    v: (into) => {
      const dv = into ?? tape.empty(v.shape, 'info_nce.grad');
      tape.dispatch(kernels['info_nce/positives'], {
        bindings: { dy, statistics, u, dv },
        uniforms: { rows: n, d, inverse_temperature, share: 1 },
        ...rowGrid(tape.target, n, d),
        label: 'info_nce.positives',
        flops: n * d,
      });
      for (const part of strips) {
        const s = similarities(part, 'info_nce.similarities_again');
        tape.dispatch(kernels['info_nce/weights'], {
          bindings: { dy, statistics, s },
          uniforms: { rows: n, columns: part.keys, inverse_temperature },
          ...rowGrid(tape.target, n, part.keys),
          label: 'info_nce.weights',
          flops: 4 * n * part.keys,
        });
        product(tape, {
          ...{ m: n, n: d, k: part.keys, accumulate: true, label: 'info_nce.gradient' },
          a: { tensor: s, row: part.keys },
          b: { tensor: queue, row: d, offset: part.first * d },
          c: { tensor: dv, row: d },
        });
      }
      return dv;
    },
  }));
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
  tape.dispatch(kernels['info_nce/enqueue'], {
    bindings: { keys, pointer: queue_ptr, queue },
    uniforms: { rows, d, length },
    ...rowGrid(tape.target, rows, d),
    label: 'enqueue',
  });
  tape.dispatch(kernels['info_nce/advance'], {
    bindings: { pointer: queue_ptr },
    uniforms: { rows, length },
    workgroups: [1, 1, 1],
    label: 'enqueue.advance',
  });
}
