import type { Size } from '../dataset.ts';
import type { Augmentation } from './description.ts';

/** How a recipe makes views of square images: to train on, and to evaluate. */
export interface Preset {
  /** The recipe's own words for it, and where it comes from. */
  readonly title: string;
  readonly train: Augmentation;
  readonly evaluation: Augmentation;
}

type Make = (size: number) => Preset;

const square = (size: number): Size => [size, size];

/** Of pixels at 224 px as many at another size. */
const scaled = (pixels: number, size: number): number => Math.round((pixels * size) / 224);

/** The shorter side becomes 8/7 of the view, which is its middle: 256 and 224. */
const middle = (size: number, interpolation: Augmentation['interpolation'] & {} = 'bilinear'): Augmentation => ({
  ...{ size: square(size), resize: scaled(256, size), interpolation },
});

const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, jitter: 0.8 };

/** Below this blur would wipe out what small images show, so recipes for them go without (MoCo's own for CIFAR does). */
const BLURRED_FROM = 64;

const makers = {
  coin: (size) => ({
    title: "COIN's fine-tuning (arXiv 2208.00238)",
    train: { size: square(size), crop: { scale: [0.08, 1] }, flip: 0.5 },
    evaluation: middle(size),
  }),
  'core-tuning': (size) => ({
    title: "Core-tuning's fine-tuning (arXiv 2102.06605)",
    train: {
      size: square(size),
      resize: square(Math.round((size * 272) / 256)),
      interpolation: 'bicubic',
      rotation: 15,
      window: 'random',
      flip: 0.5,
    },
    evaluation: { size: square(size), resize: size, interpolation: 'bicubic' },
  }),
  'moco-v2': (size) => ({
    title: "MoCo v2's pre-training (arXiv 2003.04297)",
    train: {
      size: square(size),
      crop: { scale: [0.2, 1] },
      flip: 0.5,
      ...jitter,
      grayscale: 0.2,
      ...(size >= BLURRED_FROM && { blur: { probability: 0.5, sigma: [0.1, 2] } as const }),
    },
    evaluation: middle(size),
  }),
  simclr: (size) => ({
    title: "SimCLR's pre-training, as SupContrast has it (arXiv 2002.05709)",
    train: { size: square(size), crop: { scale: [0.2, 1] }, flip: 0.5, ...jitter, grayscale: 0.2 },
    evaluation: middle(size),
  }),
  mae: (size) => ({
    title: "MAE's fine-tuning (arXiv 2111.06377)",
    train: {
      size: square(size),
      crop: { scale: [0.08, 1] },
      interpolation: 'bicubic',
      flip: 0.5,
      randAugment: { operations: 2, level: 9, deviation: 0.5, probability: 0.5 },
      erasing: { probability: 0.25, scale: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] },
      mix: { mixup: 0.8, cutmix: 1, switch: 0.5, label_smoothing: 0.1 },
    },
    evaluation: middle(size, 'bicubic'),
  }),
  'mae-pretrain': (size) => ({
    title: "MAE's pre-training (arXiv 2111.06377)",
    train: { size: square(size), crop: { scale: [0.2, 1] }, interpolation: 'bicubic', flip: 0.5 },
    evaluation: middle(size, 'bicubic'),
  }),
} as const satisfies Record<string, Make>;

export type PresetName = keyof typeof makers;

/** The names of the recipes whose augmentation is known. */
export const presetNames = Object.keys(makers) as PresetName[];

/** A recipe's augmentation at a size in pixels, at least 8; its own numbers are for 224 px (Core-tuning: 256). */
export const presetOf = (name: PresetName, size: number): Preset => makers[name](size);
