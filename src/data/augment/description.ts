import { COUNT, checkNumber, checkPair, NOT_NEGATIVE, PROBABILITY } from '../../tape/check.ts';
import type { Size } from '../dataset.ts';

type Range = readonly [low: number, high: number];

/**
 * How an image becomes a view of it, in the order in which it happens. What is absent does not happen: of nothing at all the image
 * is left, normalised.
 */
export interface Augmentation {
  /** Of the view; the images' own unless given. */
  readonly size?: Size;
  /** Random resized crop: the crop's share of the area and its ratio of width to height, 3/4 to 4/3 unless given. */
  readonly crop?: { readonly scale: Range; readonly ratio?: Range };
  /** What the image or its crop is resized to, at least `size` (which it is unless given): a size, or the shorter side. */
  readonly resize?: Size | number;
  /** Which part of what was resized is the view; its middle unless given. */
  readonly window?: 'center' | 'random';
  /** Of resizing, antialiased; bilinear unless given. Bicubic has a = -1/2. */
  readonly interpolation?: 'bilinear' | 'bicubic';
  /** By up to so many degrees either way, to the nearest pixel, black outside. */
  readonly rotation?: number;
  /** Probability of a horizontal flip. */
  readonly flip?: number;
  /** Brightness is multiplied by a factor from [max(0, 1 - b), 1 + b]. */
  readonly brightness?: number;
  /** The distance to the image's mean grey is multiplied by a factor from [max(0, 1 - c), 1 + c]. */
  readonly contrast?: number;
  /** The distance to the pixel's own grey is multiplied by a factor from [max(0, 1 - s), 1 + s]. */
  readonly saturation?: number;
  /** The hue turns by a part of a turn from [-h, h], h at most 1/2. Images that are not of three channels have none. */
  readonly hue?: number;
  /** Probability that brightness, contrast, saturation and hue change at all, in random order; 1 unless given. */
  readonly jitter?: number;
  /** Probability of becoming grey. */
  readonly grayscale?: number;
  /** Gaussian blur with a probability; its standard deviation is uniform in `sigma`, in pixels of the view. */
  readonly blur?: {
    readonly probability: number;
    readonly sigma: Range;
    /** `boxes` is Pillow's stand-in of three boxes, in six launches; `gaussian`, the default, needs two. */
    readonly kernel?: 'gaussian' | 'boxes';
  };
  /**
   * RandAugment (Cubuk et al., arXiv 1909.13719) with timm's increasing set of 15 operations: `operations` of them, 1 or 2, each
   * applied with `probability`, at a level from N(level, deviation) within 0 to 10; outside of the image lies the mean colour.
   */
  readonly randAugment?: {
    readonly operations: 1 | 2;
    readonly level: number;
    readonly deviation?: number;
    readonly probability?: number;
  };
  /**
   * Random erasing (Zhong et al., arXiv 1708.04896) by normal noise, after normalisation: its probability, the share of the area
   * and the ratio of height to width.
   */
  readonly erasing?: { readonly probability: number; readonly scale: Range; readonly ratio: Range };
  /**
   * A batch is mixed with itself reversed: by mixup, by cutmix, or by either, cutmix with probability `switch` (1/2 unless given).
   * The own share is from Beta(α, α), α at most 2, the same for all views. Targets become probabilities.
   */
  readonly mix?: {
    readonly mixup?: number;
    readonly cutmix?: number;
    readonly probability?: number;
    readonly switch?: number;
    readonly label_smoothing?: number;
  };
}

/** Images as they are, only normalised (and resized where a size is set). */
export const evaluationView: Augmentation = {};

/** RandomResizedCrop's ratios of width to height. */
export const RATIO: Range = [3 / 4, 4 / 3];

/** Throws where an option is out of range. */
export function checkAugmentation(augmentation: Augmentation): void {
  const { size, crop, resize, rotation, hue, blur, randAugment, erasing, mix } = augmentation;
  const check = (name: string, value: unknown, range = {}) =>
    value !== undefined && checkNumber('augment', name, value, range);
  if (size) checkPair('augment', 'size', size, COUNT);
  if (typeof resize === 'number') check('resize', resize, COUNT);
  else if (resize) checkPair('augment', 'resize', resize, COUNT);
  checkRange('crop.scale', crop?.scale, 1);
  checkRange('crop.ratio', crop?.ratio);
  checkRange('blur.sigma', blur?.sigma);
  checkRange('erasing.scale', erasing?.scale, 1);
  checkRange('erasing.ratio', erasing?.ratio);
  for (const name of ['flip', 'jitter', 'grayscale'] as const) check(name, augmentation[name], PROBABILITY);
  for (const name of ['brightness', 'contrast', 'saturation'] as const) check(name, augmentation[name], NOT_NEGATIVE);
  check('hue', hue, { least: 0, most: 0.5 });
  check('rotation', rotation, { least: 0, most: 180 });
  check('blur.probability', blur?.probability, PROBABILITY);
  check('erasing.probability', erasing?.probability, PROBABILITY);
  check('randAugment.operations', randAugment?.operations, { integer: true, least: 1, most: 2 });
  check('randAugment.level', randAugment?.level, { least: 0, most: 10 });
  check('randAugment.deviation', randAugment?.deviation, NOT_NEGATIVE);
  check('randAugment.probability', randAugment?.probability, PROBABILITY);
  for (const name of ['mixup', 'cutmix'] as const) check(`mix.${name}`, mix?.[name], { above: 0, most: 2 });
  for (const name of ['probability', 'switch', 'label_smoothing'] as const)
    check(`mix.${name}`, mix?.[name], PROBABILITY);
  if (mix && mix.mixup === undefined && mix.cutmix === undefined)
    throw new Error('augment: mix needs the α of mixup, of cutmix, or of both.');
}

function checkRange(name: string, range: Range | undefined, most = Number.MAX_VALUE): void {
  if (!range) return;
  const [low, high] = range;
  if (!(low > 0 && low <= high && high <= most))
    throw new Error(
      `augment: ${name} is [${range}], but it must be [low, high] with 0 < low ≤ high${most === 1 ? ' ≤ 1' : ''}.`,
    );
}

/** What it does in one line, for people. */
export function describeAugmentation(augmentation: Augmentation): string {
  const { size, crop, resize, window, interpolation = 'bilinear', rotation, flip, jitter = 1 } = augmentation;
  const { grayscale, blur, randAugment, erasing, mix } = augmentation;
  const px = (wanted: Size) => `${wanted[1]} × ${wanted[0]}`;
  const to = ([low, high]: Range) => `${short(low)}–${short(high)}`;
  const often = (probability = 1) => (probability === 1 ? '' : ` in ${percent(probability)}`);
  const view = size ? ` ${px(size)}` : '';
  const colors = (['brightness', 'contrast', 'saturation', 'hue'] as const).flatMap((name) =>
    augmentation[name] ? [`${name} ±${short(augmentation[name])}`] : [],
  );
  const parts = [
    crop &&
      `random resized crop${resize === undefined ? view : ''} of ${to(crop.scale)} of the area (${interpolation})`,
    resize !== undefined && `resize to ${typeof resize === 'number' ? resize : px(resize)} (${interpolation})`,
    !crop && resize === undefined && size && `resize to${view} (${interpolation})`,
    rotation && `rotation ±${short(rotation)}°`,
    resize !== undefined && `${window === 'random' ? 'random' : 'center'} crop${view}`,
    flip && `flip${often(flip)}`,
    colors.length > 0 && `${colors.join(', ')}${often(jitter)}`,
    grayscale && `grey${often(grayscale)}`,
    blur && `blur σ ${to(blur.sigma)}${often(blur.probability)}`,
    randAugment && `RandAugment ${randAugment.operations} × level ${short(randAugment.level)}`,
    erasing && `erasing ${to(erasing.scale)} of the area${often(erasing.probability)}`,
    mix?.mixup && `mixup α ${short(mix.mixup)}`,
    mix?.cutmix && `cutmix α ${short(mix.cutmix)}`,
  ];
  return parts.filter(Boolean).join(', ') || 'images as they are';
}

const short = (value: number): string => `${Number(value.toPrecision(3))}`;
const percent = (probability: number): string => `${short(100 * probability)} %`;
