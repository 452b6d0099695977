import { shuffle } from './random.ts';

export interface EpochOptions {
  /** Images of a batch. */
  readonly batch: number;
  readonly seed: number;
  readonly epoch: number;
}

/**
 * The sizes of an epoch's batches: all equal, but the last has what is left. One image that is left over joins the batch
 * before it, since alone it has neither batch statistics nor pairs.
 */
export function batchSizes(images: number, batch: number): number[] {
  if (!Number.isInteger(batch) || batch < 1) throw new Error(`A batch of ${batch} images cannot be made.`);
  const sizes = Array.from({ length: Math.ceil(images / batch) }, (_, i) => Math.min(batch, images - i * batch));
  if (batch > 1 && sizes.length > 1 && sizes.at(-1) === 1) sizes.splice(-2, 2, batch + 1);
  return sizes;
}

/** The images of an epoch in batches, each image once, in an order that depends on (seed, epoch) alone. */
export function epochBatches(indices: Uint32Array, { batch, seed, epoch }: EpochOptions): Uint32Array<ArrayBuffer>[] {
  const order = shuffle(indices.length, seed, epoch);
  let from = 0;
  return batchSizes(indices.length, batch).map((size) => {
    const places = order.subarray(from, from + size);
    from += size;
    return Uint32Array.from(places, (place) => indices[place] as number);
  });
}

/** The numbers 0 to n - 1: all images of a data set. */
export const allIndices = (n: number): Uint32Array<ArrayBuffer> => Uint32Array.from({ length: n }, (_, i) => i);

/** As many of `n` images as `count`, chosen by the seed alone, in ascending order. Throws when there are fewer. */
export function subset(n: number, count: number, seed: number): Uint32Array<ArrayBuffer> {
  if (count > n) throw new Error(`There are ${n} images, but ${count} are asked for.`);
  return Uint32Array.from(shuffle(n, seed, 0).subarray(0, count)).sort();
}

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
