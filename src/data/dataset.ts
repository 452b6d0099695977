import type { Device } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { COUNT, checkNumber } from '../tape/check.ts';
import { byteLength, elements, type Tensor, variable } from '../tape/tensor.ts';

/** Images of any sizes in host memory, with their labels. */
export interface LabelledImages {
  /** For errors and reports, for example "Fashion-MNIST (test)". */
  readonly name: string;
  /** Of every image: 1 is grey, 3 red, green and blue. */
  readonly channels: number;
  /** Height and width of each image, (n, 2). */
  readonly sizes: Uint32Array<ArrayBuffer>;
  /** The images' bytes one after the other, each (height, width, channels), row-major. */
  readonly pixels: Uint8Array;
  /** Indices into `classes`. */
  readonly labels: Int32Array<ArrayBuffer>;
  readonly classes: readonly string[];
}

/** Height and width of an image. */
export type Size = readonly [height: number, width: number];

/** The table of sizes of `count` equal images. */
export const equalSizes = (count: number, [height, width]: Size): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? height : width));

/** The size that all images of a table have; undefined where they differ or there is none. */
export function commonSize(sizes: Uint32Array): Size | undefined {
  const [height, width] = sizes;
  if (height === undefined || width === undefined) return undefined;
  return sizes.every((size, i) => size === (i % 2 === 0 ? height : width)) ? [height, width] : undefined;
}

/** Where the bytes of each image begin, and at last where those of all end. */
export function byteOffsets({ sizes, channels }: Pick<LabelledImages, 'sizes' | 'channels'>): number[] {
  const offsets = [0];
  for (let i = 0; i < sizes.length; i += 2)
    offsets.push((offsets.at(-1) as number) + (sizes[i] as number) * (sizes[i + 1] as number) * channels);
  return offsets;
}

/** Training and test images of the same classes. */
export interface Splits {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/** What normalisation subtracts and divides by, a number a channel, for values in [0, 1]. */
export interface Statistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Images for the GPU, from which `augment` makes batches: all of a data set, or, of a stream, those that were uploaded last.
 */
export interface Dataset extends Statistics {
  readonly name: string;
  readonly channels: number;
  /** What all its images have; absent where they differ. */
  readonly size?: Size;
  /** The labels of the whole data set, also where it is streamed. */
  readonly labels: Int32Array<ArrayBuffer>;
  readonly classes: readonly string[];
  /** u8 [bytes]: images one after the other, each (height, width, channels). */
  readonly pixels: Tensor;
  /** u32 [images, 4], one row an image: byte offset in `pixels`, height, width, label. */
  readonly table: Tensor;
  /** f32 [3, channels]: means, 1 / deviations, weights of grey. */
  readonly normalization: Tensor;
  /** How many images `table` has now: batches are indices into these. */
  held(): number;
  /** Brings images where not all are on the GPU at once. */
  readonly feed?: Feed;
}

/** Brings images of a data set to the GPU when a step wants them. */
export interface Feed {
  /** Says which batches will be wanted next, in order, so that they are read ahead. */
  plan(batches: readonly Uint32Array[]): void;
  /**
   * Puts images on the GPU in place of those that it held, waiting where they are not read yet, and returns their numbers among
   * those that it holds. Throws when they cannot be read, or are more than there is room for.
   */
  bring(device: Pick<Device, 'write'>, images: Uint32Array): Promise<Uint32Array<ArrayBuffer>>;
  /** Milliseconds that `bring` has waited for images so far. */
  waited(): number;
}

/** A data set that is too large for the GPU: programs see only the images that were uploaded last. */
export interface ImageStream extends Dataset {
  /**
   * Replaces the images that the GPU holds; runs that were submitted before still see the old ones. Throws, and leaves them,
   * where the new ones are inconsistent, more than the stream's capacity, or of other channels.
   */
  upload(device: Pick<Device, 'write'>, images: Pick<LabelledImages, 'sizes' | 'pixels' | 'labels'>): void;
}

/** The most that a stream holds at once. */
export interface Capacity {
  readonly images: number;
  /** Of all their pixels. */
  readonly bytes: number;
}

/** The weights of red, green and blue in grey, of ITU-R BT.601. */
const GREY = [0.299, 0.587, 0.114];

const ROW = 4;

/**
 * Prepares images for a device; the memory is taken when a program first uses them. The statistics are the images' own
 * unless given: a test set wants those of its training set.
 * Throws when the images are empty or inconsistent, a label is no class, or the images are larger than the adapter can
 * bind at once.
 */
export function createDataset(target: Target, images: LabelledImages, statistics?: Statistics): Dataset {
  const { name, channels, sizes, pixels, labels, classes } = images;
  const table = tableOf(images);
  const count = labels.length;
  const { mean, std } = statistics ?? channelStatistics(images);
  const size = commonSize(sizes);
  const data: Dataset = {
    ...{ name, channels, labels, classes, mean, std },
    ...(size && { size }),
    pixels: variable(`${name} pixels`, [pixels.length], 'u8', pixels),
    table: variable(`${name} table`, [count, ROW], 'u32', table),
    normalization: normalizationOf(name, channels, { mean, std }),
    held: () => count,
  };
  checkBytes(target, data, 'use fewer or smaller images');
  return data;
}

/**
 * Room on a device for a part of a data set, which is exchanged from batch to batch by `upload`; `size` is what all its images
 * have, if so. Its statistics have to be known. Throws when the capacity is more than the adapter can bind at once.
 */
export function createStream(
  target: Target,
  {
    size,
    ...whole
  }: Pick<LabelledImages, 'name' | 'channels' | 'labels' | 'classes'> & Statistics & Pick<Dataset, 'size'>,
  capacity: Capacity,
): ImageStream {
  const { name, channels, classes } = whole;
  checkNumber(name, 'capacity.images', capacity.images, COUNT);
  checkNumber(name, 'capacity.bytes', capacity.bytes, COUNT);
  checkLabels(whole);
  const stream = {
    ...whole,
    ...(size && { size }),
    pixels: variable(`${name} pixels`, [capacity.bytes], 'u8'),
    table: variable(`${name} table`, [capacity.images, ROW], 'u32'),
    normalization: normalizationOf(name, channels, whole),
  };
  checkBytes(target, stream, 'stream smaller batches');
  let held = 0;
  return {
    ...stream,
    held: () => held,
    upload(device, { sizes, pixels, labels }) {
      const table = tableOf({ name, channels, classes, sizes, pixels, labels });
      if (labels.length > capacity.images || pixels.length > capacity.bytes)
        throw new Error(
          `${name}: ${labels.length} images of ${pixels.length} bytes are more than the ${capacity.images} images of ${capacity.bytes} bytes that the stream holds at once.`,
        );
      device.write({ ...stream.pixels, shape: [pixels.length] }, pixels);
      device.write({ ...stream.table, shape: [labels.length, ROW] }, table);
      held = labels.length;
    },
  };
}

/** The table of images, see `Dataset`. Throws when they are empty or inconsistent, or a label is no class. */
function tableOf(images: LabelledImages): Uint32Array<ArrayBuffer> {
  const { name, channels, sizes, pixels, labels } = images;
  const count = sizes.length / 2;
  if (count === 0) throw new Error(`${name} holds no images.`);
  checkNumber(name, 'channels', channels, COUNT);
  const empty = sizes.indexOf(0);
  if (empty >= 0) throw new Error(`${name}: image ${empty >> 1} has a height or width of 0.`);
  if (labels.length !== count) throw new Error(`${name} has ${count} images but ${labels.length} labels.`);
  const offsets = byteOffsets(images);
  if (pixels.length !== offsets[count])
    throw new Error(
      `${name} has ${pixels.length} bytes of pixels, but ${count} images of these sizes need ${offsets[count]}.`,
    );
  checkLabels(images);
  const columns = (i: number) => [offsets[i], sizes[2 * i], sizes[2 * i + 1], labels[i]] as number[];
  return Uint32Array.from({ length: ROW * count }, (_, at) => columns(Math.floor(at / ROW))[at % ROW] as number);
}

function checkLabels({ name, labels, classes }: Pick<LabelledImages, 'name' | 'labels' | 'classes'>): void {
  const wrong = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (wrong >= 0)
    throw new Error(
      `${name}: the label of image ${wrong} is ${labels[wrong]}, but there are ${classes.length} classes, 0 to ${classes.length - 1}.`,
    );
}

/** The tensor `normalization` of a data set; `name` is for errors. */
export function normalizationOf(name: string, channels: number, { mean, std }: Statistics): Tensor {
  if (mean.length !== channels || std.length !== channels)
    throw new Error(
      `${name} has ${channels} channels, but the normalisation has ${mean.length} means and ${std.length} deviations.`,
    );
  for (const value of mean) checkNumber(name, 'a mean', value);
  for (const value of std) checkNumber(name, 'a deviation', value, { above: 0 });
  const grey = channels === 3 ? GREY : mean.map(() => 1 / channels);
  const values = Float32Array.from([...mean, ...std.map((deviation) => 1 / deviation), ...grey]);
  return variable(`${name} normalization`, [3, channels], 'f32', values);
}

function checkBytes(
  { limits, name: adapter }: Target,
  { name, pixels }: Pick<Dataset, 'name' | 'pixels'>,
  remedy: string,
) {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  if (byteLength(pixels) > most)
    throw new Error(
      `${name} needs ${Math.ceil(elements(pixels.shape) / 2 ** 20)} MiB of GPU memory in one piece, but ${adapter} binds at most ${Math.floor(most / 2 ** 20)} MiB; ${remedy}.`,
    );
}

/**
 * Mean and standard deviation (over all pixels of all images) a channel, of values in [0, 1], by exact integer sums; the
 * deviation of a constant channel is given as 1.
 */
export function channelStatistics({ channels, pixels }: Pick<LabelledImages, 'channels' | 'pixels'>): Statistics {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i] as number;
    const channel = i % channels;
    sums[channel] = (sums[channel] as number) + value;
    squares[channel] = (squares[channel] as number) + value * value;
  }
  const count = pixels.length / channels;
  const mean = Array.from(sums, (sum) => sum / count / 255);
  const std = Array.from(squares, (square, channel) => {
    // count² times the variance, n Σx² - (Σx)², in whole numbers: floats would leave a rest where both terms are equal.
    const spread = BigInt(count) * BigInt(square) - BigInt(sums[channel] as number) ** 2n;
    // A constant channel is only shifted.
    return spread > 0n ? Math.sqrt(Number(spread)) / count / 255 : 1;
  });
  return { mean, std };
}

/**
 * Throws unless there are images, and each is one of the `count` that there are: a kernel would read another image in place of
 * one that is not there.
 */
export function checkImages(name: string, count: number, indices: Uint32Array): void {
  if (indices.length === 0) throw new Error(`${name}: the list of images is empty.`);
  if (count === 0) throw new Error(`${name} holds no images yet: upload some before a run.`);
  const wrong = indices.findIndex((index) => index >= count);
  if (wrong >= 0)
    throw new Error(
      `${name}: place ${wrong} of the list of images is ${indices[wrong]}, but there are ${count} images, 0 to ${count - 1}.`,
    );
}
