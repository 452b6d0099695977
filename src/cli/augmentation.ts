// The option that says how images become views, and what a run has of it.
import { Option } from 'commander';
import { type PresetName, presetNames, presetOf } from '../data/augment/presets.ts';
import { type Augmentation, describeAugmentation } from '../data/augment.ts';
import { commonSize, type LabelledImages } from '../data/dataset.ts';
import { viewSize } from './load_data.ts';
import type { Settings } from './setup.ts';

export interface AugmentOptions {
  readonly augment?: PresetName;
  readonly imageSize?: number;
}

export const augmentOption = (): Option =>
  new Option('--augment <recipe>', "views as in a recipe (default: the command's own crops, flips and jitter)").choices(
    presetNames,
  );

/**
 * Views to train on, by the recipe that is asked for or `otherwise`, and to evaluate: images of one size that is no larger than the
 * views are shown as they are or resized to them; of all others it is the middle, with its shorter side resized to 8/7 of them or
 * as the recipe says. Tells both on stderr.
 */
export function chooseViews(
  images: Pick<LabelledImages, 'sizes'>,
  { augment, imageSize }: AugmentOptions,
  otherwise: Augmentation,
): Pick<Settings, 'augmentation' | 'evaluation'> {
  const own = commonSize(images.sizes);
  const { size } = viewSize(images, imageSize);
  const [height, width] = size ?? own ?? [0, 0];
  const side = Math.min(height, width);
  const preset = presetOf(augment ?? 'coin', side);
  const augmentation = augment ? preset.train : { ...(size && { size }), ...otherwise };
  const isSmall = own !== undefined && Math.max(...own) <= side;
  const evaluation = isSmall ? { ...(augmentation.size && { size: augmentation.size }) } : preset.evaluation;
  console.error(`training views: ${describeAugmentation(augmentation)}`);
  console.error(`evaluation views: ${describeAugmentation(evaluation)}`);
  return { augmentation, evaluation };
}
