import { COUNT, checkNumber, WHOLE } from '../tape/check.ts';
import { shuffle } from './random.ts';

/** What becomes of an epoch's last, short batch. */
export interface BatchOptions {
  /** Leaves it out; other images are in it each time. */
  readonly drop_last?: boolean;
}

/** How an epoch is cut into batches. */
export interface EpochOptions extends BatchOptions {
  /** Images of a batch, at least 1. */
  readonly batch: number;
  /** With the epoch, it fixes the order; a whole number from 0. */
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
}

/**
 * The sizes of an epoch's batches: all equal, but the last has what is left, or is left out. One image that is left over joins
 * the batch before it, since alone it has neither batch statistics nor pairs.
 */
export function batchSizes(images: number, batch: number, { drop_last = false }: BatchOptions = {}): number[] {
  checkNumber('epochBatches', 'batch', batch, COUNT);
  if (drop_last) return new Array<number>(Math.floor(images / batch)).fill(batch);
  const sizes = Array.from({ length: Math.ceil(images / batch) }, (_, i) => Math.min(batch, images - i * batch));
  if (batch > 1 && sizes.length > 1 && sizes.at(-1) === 1) sizes.splice(-2, 2, batch + 1);
  return sizes;
}

/**
 * The images of an epoch in batches, each image once (but those of a batch that is dropped), in an order that depends on
 * (seed, epoch) alone. Throws when there are none, or a number cannot be.
 */
export function epochBatches(
  indices: Uint32Array,
  { batch, seed, epoch, drop_last = false }: EpochOptions,
): Uint32Array<ArrayBuffer>[] {
  for (const [name, value] of Object.entries({ seed, epoch })) checkNumber('epochBatches', name, value, WHOLE);
  if (indices.length === 0) throw new Error('epochBatches: the list of images is empty.');
  const order = shuffle(indices.length, seed, epoch);
  let from = 0;
  return batchSizes(indices.length, batch, { drop_last }).map((size) => {
    const places = order.subarray(from, from + size);
    from += size;
    return Uint32Array.from(places, (place) => indices[place] as number);
  });
}

/**
 * As many images as there are `indices`, drawn anew each epoch so that each class that occurs has equally many (or one more):
 * those of rare classes several times, of frequent ones not all. Depends on (seed, epoch) alone.
 */
export function balanced(
  indices: Uint32Array,
  labels: Int32Array,
  { seed, epoch }: Pick<EpochOptions, 'seed' | 'epoch'>,
): Uint32Array<ArrayBuffer> {
  const members = new Map<number, number[]>();
  for (const index of indices) {
    const label = labels[index] as number;
    const own = members.get(label);
    if (own) own.push(index);
    else members.set(label, [index]);
  }
  const classes = [...members.keys()].sort((a, b) => a - b);
  // Which classes have one more changes from epoch to epoch.
  const turns = shuffle(classes.length, seed, epoch);
  const drawn = classes.flatMap((label, place) => {
    const own = members.get(label) as number[];
    const order = shuffle(own.length, (seed + label + 1) >>> 0, epoch);
    const count = Math.floor((indices.length - (turns[place] as number) - 1) / classes.length) + 1;
    return Array.from({ length: count }, (_, i) => own[order[i % own.length] as number] as number);
  });
  return Uint32Array.from(drawn);
}

/**
 * Holds out a share of each class's images, at least one where there are two, chosen by (seed, class) alone. Both parts are in
 * ascending order. Throws when nothing is left of either.
 */
export function holdOut(
  indices: Uint32Array,
  labels: Int32Array,
  share: number,
  seed: number,
): { rest: Uint32Array<ArrayBuffer>; heldOut: Uint32Array<ArrayBuffer> } {
  checkNumber('holdOut', 'share', share, { above: 0, below: 1 });
  const held = new Set<number>();
  for (const label of new Set(labels)) {
    const members = indices.filter((index) => labels[index] === label);
    const count =
      members.length < 2 ? 0 : Math.min(members.length - 1, Math.max(1, Math.round(share * members.length)));
    for (const place of shuffle(members.length, seed, label).subarray(0, count)) held.add(members[place] as number);
  }
  if (held.size === 0) throw new Error('No image can be held out: no class has two.');
  const part = (isHeld: boolean) => Uint32Array.from(indices.filter((index) => held.has(index) === isHeld)).sort();
  return { rest: part(false), heldOut: part(true) };
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
 * Throws when a class has fewer, or a number cannot be.
 */
export function stratifiedSubset(
  labels: Int32Array,
  classes: readonly string[],
  perClass: number,
  seed: number,
): Uint32Array<ArrayBuffer> {
  checkNumber('stratifiedSubset', 'perClass', perClass, COUNT);
  checkNumber('stratifiedSubset', 'seed', seed, WHOLE);
  const chosen = classes.flatMap((name, label) => {
    const members = allIndices(labels.length).filter((index) => labels[index] === label);
    if (members.length < perClass)
      throw new Error(`The class "${name}" has ${members.length} images, but ${perClass} of each class are asked for.`);
    return Array.from(shuffle(members.length, seed, label).subarray(0, perClass), (place) => members[place] as number);
  });
  return Uint32Array.from(chosen).sort();
}
