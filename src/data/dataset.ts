import type { Target } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { byteLength, showShape, type Tensor, variable } from '../tape/tensor.ts';

/** Labelled images in host memory: bytes (n, height, width, channels), row-major. */
export interface LabelledImages {
  /** For errors and reports, for example "Fashion-MNIST (test)". */
  readonly name: string;
  readonly shape: readonly [n: number, height: number, width: number, channels: number];
  readonly pixels: Uint8Array;
  /** Indices into `classes`. */
  readonly labels: Int32Array<ArrayBuffer>;
  readonly classes: readonly string[];
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

/** A data set in GPU memory as bytes; batches are made from it by `augment`. */
export interface Dataset extends Statistics {
  readonly name: string;
  /** u8 [n, height, width, channels]. */
  readonly images: Tensor;
  /** i32 [n]: the labels on the GPU. */
  readonly targets: Tensor;
  readonly labels: Int32Array<ArrayBuffer>;
  readonly classes: readonly string[];
  /** f32 [3, channels]: means, 1 / deviations, weights of grey. */
  readonly normalization: Tensor;
}

/** The weights of red, green and blue in grey, of ITU-R BT.601. */
const GREY = [0.299, 0.587, 0.114];

/**
 * Prepares images for a device; the memory is taken when a program first uses them. The statistics are the images' own
 * unless given: a test set wants those of its training set.
 * Throws when the images are empty or inconsistent, a label is no class, or the images are larger than the adapter can
 * bind at once.
 */
export function createDataset(target: Target, source: LabelledImages, statistics?: Statistics): Dataset {
  const { name, shape, pixels, labels, classes } = source;
  const [n, height, width, channels] = shape;
  if (shape.some((size) => size < 1)) throw new Error(`${name} holds no images: its shape is ${showShape(shape)}.`);
  if (pixels.length !== n * height * width * channels)
    throw new Error(
      `${name} has ${pixels.length} bytes of pixels, but ${showShape(shape)} images need ${n * height * width * channels}.`,
    );
  if (labels.length !== n) throw new Error(`${name} has ${n} images but ${labels.length} labels.`);
  const wrong = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (wrong >= 0)
    throw new Error(
      `${name}: the label of image ${wrong} is ${labels[wrong]}, but there are ${classes.length} classes, 0 to ${classes.length - 1}.`,
    );
  const { mean, std } = statistics ?? channelStatistics(source);
  if (mean.length !== channels || std.length !== channels)
    throw new Error(
      `${name} has ${channels} channels, but the normalisation has ${mean.length} means and ${std.length} deviations.`,
    );
  for (const value of mean) checkNumber(name, 'a mean', value);
  for (const value of std) checkNumber(name, 'a deviation', value, { above: 0 });
  const images = variable(`${name} images`, shape, 'u8', pixels);
  const most = Math.min(target.limits.maxStorageBufferBindingSize, target.limits.maxBufferSize);
  if (byteLength(images) > most)
    throw new Error(
      `${name} needs ${Math.ceil(byteLength(images) / 2 ** 20)} MiB of GPU memory in one piece, but ${target.name} binds at most ${Math.floor(most / 2 ** 20)} MiB; use fewer or smaller images.`,
    );
  const grey = channels === 3 ? GREY : mean.map(() => 1 / channels);
  return {
    name,
    images,
    targets: variable(`${name} labels`, [n], 'i32', labels),
    labels,
    classes,
    mean,
    std,
    normalization: variable(
      `${name} normalization`,
      [3, channels],
      'f32',
      Float32Array.from([...mean, ...std.map((deviation) => 1 / deviation), ...grey]),
    ),
  };
}

/**
 * Mean and standard deviation (over all pixels of all images) a channel, of values in [0, 1], by exact integer sums; the
 * deviation of a constant channel is given as 1.
 */
export function channelStatistics({ shape, pixels }: LabelledImages): Statistics {
  const channels = shape[3];
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
 * Throws unless there are images, and each is one of the data set's: a kernel would read another image in place of one
 * that is not there.
 */
export function checkImages({ name, labels }: Pick<Dataset, 'name' | 'labels'>, indices: Uint32Array): void {
  if (indices.length === 0) throw new Error(`${name}: the list of images is empty.`);
  const wrong = indices.findIndex((index) => index >= labels.length);
  if (wrong >= 0)
    throw new Error(
      `${name}: place ${wrong} of the list of images is ${indices[wrong]}, but there are ${labels.length} images, 0 to ${labels.length - 1}.`,
    );
}
