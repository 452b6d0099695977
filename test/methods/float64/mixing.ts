// Core-Tuning and Bi-Tuning in float64.
import { classContrast, crossEntropy, focalSupCon, softCrossEntropy } from './losses.ts';
import { ALL, features, isWeight, keep, logits, type Method64, order, type Step64 } from './methods.ts';
import { encode, linear, projector, type Values } from './network.ts';
import { detached, type Scalar, unitRows } from './scalars.ts';

/** The hardest partners by cosines, as the paper means them or as the released code finds them. */
function hardPairs({ t, labels }: Step64, z: readonly Scalar[][], released: boolean) {
  const unit = z.map((row) => {
    const values = row.map((x) => t.value(x));
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  });
  return labels.map((label, i) => {
    const cosines = unit.map((other) => other.reduce((dot, x, c) => dot + x * unit[i]![c]!, 0));
    const is = (j: number) => labels[j] === label;
    // The code's matrices are 0 where the paper looks at nothing.
    const alike = cosines.map((s, j) => (is(j) && j !== i ? s : released ? 0 : Number.POSITIVE_INFINITY));
    const unlike = cosines.map((s, j) => (is(j) ? (released ? 0 : Number.NEGATIVE_INFINITY) : s));
    const farthest = alike.indexOf(Math.min(...alike));
    const alone = !labels.some((_, j) => j !== i && is(j));
    const positive = released ? farthest || i : alone ? i : farthest;
    return { positive, negative: unlike.indexOf(Math.max(...unlike)) };
  });
}

export const coreTuning = (eta: number, temperature: number, released: boolean): Method64 => ({
  trains: () => ALL,
  terms: (step) => {
    const { t, leaves, labels, draws } = step;
    const n = labels.length;
    const z = features(step).features;
    const classes = leaves.get('classifier.weight')!.length / z[0]!.length;
    const hot = labels.map((label) => Array.from({ length: classes }, (_, c) => Number(c === label)));
    const pairs = hardPairs(step, z, released);
    const permutation = order(draws(n, 'core'));
    const [mix, hard] = [draws(n, 'comi').map((share) => Math.max(Math.fround(0.8), share)), draws(n, 'coha')];
    const mixed = (i: number, j: number, share: number) => ({
      row: z[i]!.map((x, c) => t.combine([x, z[j]![c]!], [share, 1 - share])),
      label: hot[i]!.map((x, c) => share * x + (1 - share) * hot[j]![c]!),
    });
    const all = [
      ...(released ? detached(t, z) : z).map((row, i) => ({ row, label: hot[i]! })),
      ...labels.map((_, i) => mixed(i, permutation[i]!, 1 - mix[i]!)),
      ...pairs.map(({ positive, negative }, i) => mixed(positive, negative, hard[i]!)),
    ];
    const [rows, targets] = [all.map(({ row }) => row), all.map(({ label }) => label)];
    const v = unitRows(t, projector(t, leaves, rows));
    const over = released ? 'rows' : 'positives';
    return {
      cross_entropy: [softCrossEntropy(t, logits(step, rows), targets), 1],
      contrast: [focalSupCon(t, v, targets, { temperature, over }), eta],
    };
  },
});

/** Keys of the classes one after the other, `length` of each, take the places of the oldest. */
function enqueue(queue: Float64Array, pointers: Float64Array, labels: readonly number[], keys: readonly number[][]) {
  const width = keys[0]!.length;
  const length = queue.length / pointers.length / width;
  const next = pointers.slice();
  keys.forEach((key, i) => {
    const label = labels[i]!;
    queue.set(key, (label * length + next[label]!) * width);
    next[label] = (next[label]! + 1) % length;
  });
  return next;
}

export const biTuning = (lambda: number, temperature: number, momentum: number): Method64 => ({
  trains: () => ALL,
  before: (epoch, values) => {
    if (epoch === 0) keep(values, 'key.');
  },
  terms: (step) => {
    const { t, leaves, values, labels } = step;
    const n = labels.length;
    const [images, others] = [step.images.slice(0, n), step.images.slice(n)];
    const z = features({ ...step, images }).features;
    const key = encode(t, leaves, values, others, { training: true, prefix: 'key.' }).features;
    const unitKeys = detached(t, unitRows(t, linear(t, leaves, 'key.projector', key)));
    const homogeneous = (rows: readonly Scalar[][]) =>
      unitRows(
        t,
        rows.map((row) => [...row, t.leaf(1)]),
      );
    const homogeneousKeys = homogeneous(key);
    const numbers = (rows: readonly Scalar[][]) => rows.map((row) => row.map((x) => t.value(x)));
    const [queueZ, queueH] = [values.get('queue_z')!, values.get('queue_h')!];
    const pointers = values.get('pointers')!;
    const held = (queue: Float64Array): Scalar[][][] => {
      const classes = pointers.length;
      const width = queue.length === queueZ.length ? unitKeys[0]!.length : homogeneousKeys[0]!.length;
      const length = queue.length / classes / width;
      const key = (at: number) => Array.from(queue.subarray(at * width, (at + 1) * width), (x) => t.leaf(x));
      return Array.from({ length: classes }, (_, c) => Array.from({ length }, (_, k) => key(c * length + k)));
    };
    // The queue of projections is contrasted as it was before these keys, that of features with them.
    const beforeKeys = held(queueZ);
    enqueue(queueZ, pointers, labels, numbers(unitKeys));
    values.set('pointers', enqueue(queueH, pointers, labels, numbers(homogeneousKeys)));
    const afterKeys = held(queueH);
    const [weight, bias] = [leaves.get('classifier.weight')!, leaves.get('classifier.bias')!];
    const width = weight.length / bias.length;
    const classVectors = bias.map((b, c) => [...weight.slice(c * width, (c + 1) * width), b]);
    // The classifier is not trained by this contrast.
    const anchors = unitRows(
      t,
      detached(
        t,
        labels.map((label) => classVectors[label]!),
      ),
    );
    const queries = unitRows(t, linear(t, leaves, 'projector', z));
    const [zParts, hParts] = [
      { anchors: queries, own: unitKeys, queue: beforeKeys },
      { anchors, own: homogeneous(z), queue: afterKeys },
    ];
    return {
      cross_entropy: [crossEntropy(t, logits(step, z), labels), 1],
      l_z: [classContrast(t, zParts, labels, temperature), lambda],
      l_y: [classContrast(t, hParts, labels, temperature), lambda],
    };
  },
  afterUpdate: (values: Values, round) => {
    for (const [name, own] of values)
      if (ALL.some((part) => isWeight(name, part)))
        own.forEach((value, i) => {
          const key = values.get(`key.${name}`)!;
          key[i] = round(momentum * key[i]! + (1 - momentum) * value);
        });
  },
});
