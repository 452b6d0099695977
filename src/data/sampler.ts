import { shuffle } from './random.ts';

export interface EpochOptions {
  /** Images of a batch. */
  readonly batch: number;
  readonly seed: number;
  readonly epoch: number;
  /** Leaves out a last batch that would be shorter than the others. */
  readonly drop_last?: boolean;
}

/** The images of an epoch in batches, each image once, in an order that depends on (seed, epoch) alone. */
export function epochBatches(
  indices: Uint32Array,
  { batch, seed, epoch, drop_last = false }: EpochOptions,
): Uint32Array<ArrayBuffer>[] {
  if (!Number.isInteger(batch) || batch < 1) throw new Error(`A batch of ${batch} images cannot be made.`);
  const order = shuffle(indices.length, seed, epoch);
  const count = drop_last ? Math.floor(indices.length / batch) : Math.ceil(indices.length / batch);
  return Array.from({ length: count }, (_, index) =>
    Uint32Array.from(order.subarray(index * batch, (index + 1) * batch), (place) => indices[place] as number),
  );
}

/** The numbers 0 to n - 1: all images of a data set. */
export const allIndices = (n: number): Uint32Array<ArrayBuffer> => Uint32Array.from({ length: n }, (_, i) => i);

/**
 * A labelled subset with `perClass` images of each class, chosen by (seed, class) alone, in ascending order.
 * Throws when a class has fewer.
 */
export function stratifiedSubset(
  labels: Int32Array,
  classes: readonly string[],
  perClass: number,
  seed: number,
): Uint32Array<ArrayBuffer> {
  const chosen = classes.flatMap((name, label) => {
    const members = allIndices(labels.length).filter((index) => labels[index] === label);
    if (members.length < perClass)
      throw new Error(`The class "${name}" has ${members.length} images, but ${perClass} of each class are asked for.`);
    return Array.from(shuffle(members.length, seed, label).subarray(0, perClass), (place) => members[place] as number);
  });
  return Uint32Array.from(chosen).sort();
}
