// What contrasts of rows with a key of their own and a queue of keys have in common: InfoNCE and Bi-Tuning's.
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
import type { GradientThunk, Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import { product } from './matmul.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/** What such a contrast is told besides its tensors. */
export interface QueueContrastOptions {
  /** What similarities are divided by, above 0. */
  temperature: number;
  /** How many keys of the queue are compared at a time; as many as `STRIP` similarities allow unless given. */
  strip_keys?: number;
}

/** Similarities that are held at a time, 16 MiB: beyond that, longer products gain nothing. */
const STRIP = 2 ** 22;

/**
 * The mean over the rows of `a` [n, d] of their contrast with their own keys, `b` [n, d], and a queue of keys of d features each, of
 * shape [1], and its gradients at both sides. The own key is the only positive, or, where `classes` are given, also the `length`
 * keys of the queue that are of the row's class (labels i32 [n]); the queue then goes class by class. The similarities exist a strip
 * at a time, once in each pass. Shapes are the caller's to check. Throws when the temperature is not above 0.
 */
export function queueContrast(
  tape: Tape,
  op: string,
  { a, b, queue, classes }: { a: Tensor; b: Tensor; queue: Tensor; classes?: { labels: Tensor; length: number } },
  { temperature, strip_keys }: QueueContrastOptions,
): { loss: Tensor; backward: (dy: Tensor) => { a: GradientThunk; b: GradientThunk } } {
  checkNumber(op, 'temperature', temperature, { above: 0 });
  const [n, d] = a.shape as [number, number];
  const keys = elements(queue.shape) / d;
  const strip = strip_keys ?? Math.max(4, Math.floor(STRIP / n / 4) * 4);
  const strips = Array.from({ length: Math.ceil(keys / strip) }, (_, index) => {
    const first = index * strip;
    return { first, columns: Math.min(strip, keys - first) };
  });
  const length = classes?.length ?? 0;
  const sizes = { rows: n, inverse_temperature: 1 / temperature };

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

  const statistics = tape.empty([n, 4], `${op}.statistics`);
  const losses = tape.empty([n], `${op}.rows`);
  for (const part of strips) {
    const s = similarities(part, `${op}.similarities`);
    const bindings = { s, a, b, statistics, losses };
    const launch = {
      uniforms: { ...sizes, ...part, d, length },
      ...rowGrid(tape.target, n, part.columns),
      label: `${op}.statistics`,
      flops: 4 * n * part.columns,
    };
    if (classes)
      tape.dispatch(kernels['queue_contrast/statistics_classes'], {
        ...launch,
        bindings: { ...bindings, labels: classes.labels },
      });
    else tape.dispatch(kernels['queue_contrast/statistics'], { ...launch, bindings });
  }
  const loss = reduceRows(tape, losses, { rows: n, columns: 1 }, 1 / n, tape.empty([1], op), `${op}.mean`);

  const ownKey = (dy: Tensor, u: Tensor, dv: Tensor) =>
    tape.dispatch(kernels['queue_contrast/own_key'], {
      bindings: { dy, statistics, u, dv },
      uniforms: { ...sizes, d, length },
      ...rowGrid(tape.target, n, d),
      label: `${op}.own_key`,
      flops: n * d,
    });
  const weights = (dy: Tensor, part: (typeof strips)[number]): Tensor => {
    const s = similarities(part, `${op}.similarities_again`);
    const { columns, first } = part;
    const bindings = { dy, statistics, s };
    const launch = {
      ...rowGrid(tape.target, n, columns),
      label: `${op}.weights`,
      flops: 4 * n * columns,
    };
    if (classes)
      tape.dispatch(kernels['queue_contrast/weights_classes'], {
        ...launch,
        bindings: { ...bindings, labels: classes.labels },
        uniforms: { ...sizes, columns, first, length },
      });
    else tape.dispatch(kernels['queue_contrast/weights'], { ...launch, bindings, uniforms: { ...sizes, columns } });
    return s;
  };

  return {
    loss,
    backward: (dy) => ({
      a: (into) => {
        const da = into ?? tape.empty(a.shape, `${op}.grad_a`);
        ownKey(dy, b, da);
        for (const part of strips)
          product(tape, {
            ...{ m: n, n: d, k: part.columns, accumulate: true, label: `${op}.gradient` },
            a: { tensor: weights(dy, part), row: part.columns },
            b: { tensor: queue, row: d, offset: part.first * d },
            c: { tensor: da, row: d },
          });
        return da;
      },
      b: (into) => {
        const db = into ?? tape.empty(b.shape, `${op}.grad_b`);
        ownKey(dy, a, db);
        return db;
      },
    }),
  };
}
