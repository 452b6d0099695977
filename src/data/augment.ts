import { checkNumber } from '../tape/check.ts';
import type { Admit, Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { type Augmentation, checkAugmentation } from './augment/description.ts';
import { recordDraws } from './augment/draws.ts';
import { adjust, blur, finish, mixedTargets, resample, transform } from './augment/passes.ts';
import { checkImages, type Dataset, type Size } from './dataset.ts';

export { type Augmentation, describeAugmentation, evaluationView } from './augment/description.ts';

/** A batch on the tape. */
export interface Views {
  /** f32 [n, height, width, channels], normalised. */
  readonly images: Tensor;
  /** Class indices, i32 [n]. */
  readonly labels: Tensor;
  /** Numbers of the images in the data set, i32 [n]: views of one image share it. */
  readonly instances: Tensor;
  /** Probabilities of the classes, f32 [n, classes], where views are mixed. */
  readonly targets?: Tensor;
}

/**
 * Makes a batch of `count` views. The tape gets two inputs: `indices`, u32 [count], which images, each as often as wanted; and
 * `counter`, u32 [2], seed and step, which fix all random draws together with the place in the batch. Indices count the images
 * that the data set holds when a run begins.
 * One launch draws, one crops, resizes, rotates and flips; then, where they are asked for, one for all colours, two of a blur, one
 * for each operation of RandAugment, and one that erases and mixes (and another for the targets). The last one normalises.
 * Throws when an option is out of range, the images have more than 4 channels, or no size is given for images of different
 * sizes; a run throws when an index names no image.
 */
export function augment(tape: Tape, dataset: Dataset, count: number, augmentation: Augmentation): Views {
  const { name, channels, normalization } = dataset;
  checkAugmentation(augmentation);
  checkNumber(`augment: ${name}`, 'the number of channels', channels, { integer: true, least: 1, most: 4 });
  const size = sizeOf(dataset, augmentation);
  const admit: Admit = (indices) => {
    if (indices instanceof Uint32Array) checkImages(name, dataset.held(), indices);
    return () => {};
  };
  const indices = tape.input('indices', [count], 'u32', { admit });
  const counter = tape.input('counter', [2], 'u32');
  const drawn = recordDraws(tape, dataset, { indices, counter }, count, size, augmentation);
  const { draws, labels, instances } = drawn;

  const pass = { draws, normalization };
  const { randAugment, erasing, mix, interpolation = 'bilinear' } = augmentation;
  const { kernel = 'gaussian' } = augmentation.blur ?? {};
  type Step = (x: Tensor, isLast: boolean) => Tensor;
  const steps: Step[] = [
    ...(hasColors(augmentation) ? [((x, isLast) => adjust(tape, pass, x, isLast)) as Step] : []),
    ...(augmentation.blur ? [((x, isLast) => blur(tape, pass, x, kernel, isLast)) as Step] : []),
    ...Array.from({ length: randAugment?.operations ?? 0 }, (_, number): Step => {
      return (x, isLast) => transform(tape, pass, x, number, { interpolation, fill: 'mean' }, isLast);
    }),
    ...(erasing || mix ? [((x) => finish(tape, pass, x, { counter })) as Step] : []),
  ];
  const first = resample(tape, pass, dataset, indices, size, augmentation, steps.length === 0);
  const images = steps.reduce((x, step, index) => step(x, index === steps.length - 1), first);
  if (!mix) return { images, labels, instances };
  const targets = mixedTargets(tape, draws, labels, dataset.classes.length, mix.label_smoothing ?? 0);
  return { images, labels, instances, targets };
}

const hasColors = ({ brightness = 0, contrast = 0, saturation = 0, hue = 0, grayscale = 0 }: Augmentation): boolean =>
  brightness + contrast + saturation + hue + grayscale > 0;

/** Throws where there is none, or where a view would be larger than what it is part of. */
function sizeOf({ name, ...dataset }: Dataset, { size = dataset.size, resize }: Augmentation): Size {
  if (!size) throw new Error(`augment: the images of ${name} have different sizes, so a size has to be given.`);
  const [height, width] = typeof resize === 'number' ? [resize, resize] : (resize ?? size);
  if (size[0] > height || size[1] > width)
    throw new Error(
      `augment: a view of ${size[1]} × ${size[0]} pixels does not fit what it is part of: resize is ${resize}.`,
    );
  return size;
}
