import type { PresetName } from '../data/augment/presets.ts';
import type { ScheduleOptions } from '../optim/schedule.ts';
import type { Method, MethodConfig } from './method.ts';

/** How a method of pre-training trains where nothing else is said: as its authors do. */
export interface Recipe {
  readonly epochs: number;
  /** Images of a step. */
  readonly batch: number;
  /** For batches of 256 images; the learning rate grows in proportion to the batch. */
  readonly lr: number;
  readonly schedule?: (run: { lr: number; batch: number; epochs: number }) => ScheduleOptions;
  readonly optimizer: 'sgd' | 'adamw';
  /** Of SGD, without Nesterov. */
  readonly momentum: number;
  /** Of AdamW. */
  readonly betas?: readonly [number, number];
  readonly weight_decay: number;
  /** Whether an epoch's last batch is left out where it is short. */
  readonly drop_last: boolean;
  /** Features of the projector's output. */
  readonly projection: number;
  /** How images are seen. */
  readonly augmentation: PresetName;
  readonly config: Partial<MethodConfig>;
}

/** A method that trains an encoder without labels. */
export interface PretrainMethod extends Method {
  /** For images of a size in pixels. */
  recipe(size: number): Recipe;
}

/** Recipes for photographs begin here; below they are those for small images, as of CIFAR. */
export const PHOTOGRAPH = 64;
