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
  /** Images of which a class puts so many together into a batch; in any order where absent. */
  readonly together?: Together | undefined;
}

/** How many images of a class stand together, 1 or more; `labels` are those of all images of the data set. */
export interface Together {
  readonly labels: Int32Array;
  readonly per_class: number;
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
 * (seed, epoch) alone. Throws when there are none, a number cannot be, or batches cannot be made of groups of `together`.
 */
export function epochBatches(
  indices: Uint32Array,
  { batch, seed, epoch, drop_last = false, together }: EpochOptions,
): Uint32Array<ArrayBuffer>[] {
  for (const [name, value] of Object.entries({ seed, epoch })) checkNumber('epochBatches', name, value, WHOLE);
  if (indices.length === 0) throw new Error('epochBatches: the list of images is empty.');
  const shuffled = shuffle(indices.length, seed, epoch);
  const order = together ? inGroups(indices, shuffled, { ...together, batch, seed, epoch }) : shuffled;
  let from = 0;
  return batchSizes(indices.length, batch, { drop_last }).map((size) => {
    const places = order.subarray(from, from + size);
    from += size;
    return Uint32Array.from(places, (place) => indices[place] as number);
  });
}

/**
 * Places of images in groups of a class each, whose order is random. What is left of a class joins its last group; larger groups come
 * last, so that all others lie within a batch.
 */
function inGroups(
  indices: Uint32Array,
  shuffled: Uint32Array,
  { labels, per_class, batch, seed, epoch }: Together & Pick<EpochOptions, 'batch' | 'seed' | 'epoch'>,
): Uint32Array {
  checkNumber('epochBatches', 'per_class', per_class, COUNT);
  if (batch % per_class !== 0)
    throw new Error(
      `Batches of ${batch} images are not made of ${per_class} of each class; take a number that divides ${batch}.`,
    );
  const members = new Map<number, number[]>();
  for (const place of shuffled) {
    const label = labels[indices[place] as number] as number;
    const own = members.get(label);
    if (own) own.push(place);
    else members.set(label, [place]);
  }
  const groups = [...members.values()].flatMap((own) => {
    const count = Math.max(1, Math.floor(own.length / per_class));
    const end = (i: number) => (i === count - 1 ? own.length : (i + 1) * per_class);
    return Array.from({ length: count }, (_, i) => own.slice(i * per_class, end(i)));
  });
  const mixed = Array.from(shuffle(groups.length, (seed + 1) >>> 0, epoch), (i) => groups[i] as number[]);
  const isWhole = ({ length }: readonly number[]) => length === per_class;
  return Uint32Array.from([...mixed.filter(isWhole), ...mixed.filter((group) => !isWhole(group))].flat());
}

/** What of a training decides which images each of its batches has. */
export interface Drawing extends BatchOptions {
  readonly batch: number;
  readonly seed: number;
  /** Draws each epoch's images so that all classes are equally frequent. */
  readonly balanced?: boolean | undefined;
  /** Images of a class that stand together in a batch, so that they are positives for each other; in any order where absent. */
  readonly per_class?: number | undefined;
}

/** The batches of an epoch of training. Throws as `epochBatches` does. */
export function drawnBatches(
  indices: Uint32Array,
  labels: Int32Array,
  epoch: number,
  { balanced: isBalanced, per_class, ...options }: Drawing,
): Uint32Array<ArrayBuffer>[] {
  const drawn = isBalanced ? balanced(indices, labels, { seed: options.seed, epoch }) : indices;
  return epochBatches(drawn, {
    ...options,
    epoch,
    together: per_class === undefined ? undefined : { labels, per_class },
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
