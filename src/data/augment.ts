import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid } from '../gpu/kernel/target.ts';
import { COUNT, checkNumber, checkPair, NOT_NEGATIVE, PROBABILITY } from '../tape/check.ts';
import type { Admit, Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { checkImages, type Dataset, type Size } from './dataset.ts';

/** How an image becomes a view of it. What is absent does not happen. */
export interface Augmentation {
  /** Of the view; the images' own unless given. */
  readonly size?: Size;
  /** Random resized crop: the crop's share of the area and its ratio of width to height, 3/4 to 4/3 unless given. */
  readonly crop?: {
    readonly scale: readonly [low: number, high: number];
    readonly ratio?: readonly [low: number, high: number];
  };
  /** Probability of a horizontal flip. */
  readonly flip?: number;
  /** Brightness is multiplied by a factor from [max(0, 1 - b), 1 + b]. */
  readonly brightness?: number;
  /** The distance to the mean grey is multiplied by a factor from [max(0, 1 - c), 1 + c]. */
  readonly contrast?: number;
  /** Probability that an image's brightness and contrast change at all; 1 unless given. */
  readonly jitter?: number;
}

/** Images as they are, only normalised (and resized where a size is set). */
export const evaluationView: Augmentation = {};

/** A batch on the tape. */
export interface Views {
  /** f32 [n, height, width, channels], normalised. */
  readonly images: Tensor;
  /** Class indices, i32 [n]. */
  readonly labels: Tensor;
  /** Numbers of the images in the data set, i32 [n]: views of one image share it. */
  readonly instances: Tensor;
}

/**
 * Makes a batch of `count` views in one dispatch. The tape gets two inputs: `indices`, u32 [count], which images, each as
 * often as wanted; and `counter`, u32 [2], seed and step, which fix all random draws together with the place in the
 * batch. Resizing is bilinear without antialiasing. Indices count the images that the data set holds when a run begins.
 * Throws when an option is out of range, or no size is given for images of different sizes; a run throws when an index names no
 * image.
 */
export function augment(tape: Tape, dataset: Dataset, count: number, augmentation: Augmentation): Views {
  const { name, channels, pixels, table, normalization } = dataset;
  check(augmentation);
  const { size = dataset.size, crop, flip = 0, brightness = 0, contrast = 0, jitter = 1 } = augmentation;
  const { scale = [1, 1], ratio = [3 / 4, 4 / 3] } = crop ?? {};
  if (!size) throw new Error(`augment: the images of ${name} have different sizes, so a size has to be given.`);
  const admit: Admit = (indices) => {
    if (indices instanceof Uint32Array) checkImages(name, dataset.held(), indices);
    return () => {};
  };
  const images = tape.empty([count, ...size, channels], 'augment.images');
  const labels = tape.empty([count], 'augment.labels', 'i32');
  const instances = tape.empty([count], 'augment.instances', 'i32');
  tape.dispatch(kernels['augment/augment'], {
    bindings: {
      pixels,
      table,
      normalization,
      indices: tape.input('indices', [count], 'u32', { admit }),
      counter: tape.input('counter', [2], 'u32'),
      x: images,
      labels,
      instances,
    },
    uniforms: {
      count: table.shape[0] as number,
      channels,
      out_height: size[0],
      out_width: size[1],
      batch: count,
      random_crop: Number(crop !== undefined),
      scale_low: scale[0],
      scale_high: scale[1],
      ratio_low: ratio[0],
      ratio_high: ratio[1],
      flip,
      jitter,
      brightness,
      contrast,
    },
    // Invocations of a workgroup repeat an image's draws, and a processor has nothing to hide them behind.
    constants: { WORKGROUP: tape.target.kind === 'cpu' ? 4 : 64 },
    workgroups: grid(tape.target, count),
    label: 'augment',
  });
  return { images, labels, instances };
}

function check({ size, crop, flip = 0, brightness = 0, contrast = 0, jitter = 1 }: Augmentation): void {
  if (size) checkPair('augment', 'size', size, COUNT);
  for (const [name, range] of Object.entries({ scale: crop?.scale, ratio: crop?.ratio })) {
    if (!range) continue;
    const [low, high] = range;
    const most = name === 'scale' ? 1 : Number.MAX_VALUE;
    if (!(low > 0 && low <= high && high <= most))
      throw new Error(
        `augment: crop.${name} is [${range}], but it must be [low, high] with 0 < low ≤ high${name === 'scale' ? ' ≤ 1' : ''}.`,
      );
  }
  for (const [name, value] of Object.entries({ flip, jitter })) checkNumber('augment', name, value, PROBABILITY);
  for (const [name, value] of Object.entries({ brightness, contrast }))
    checkNumber('augment', name, value, NOT_NEGATIVE);
}
