import type { PresetName } from '../data/augment/presets.ts';
import type { ModelOptions } from '../nn/model.ts';
import type { Decay } from '../optim/layer_decay.ts';
import type { ScheduleOptions } from '../optim/schedule.ts';
import type { Method, MethodConfig } from './method.ts';

/** How a method of pre-training trains where nothing else is said: as its authors do. */
export interface Recipe {
  readonly epochs: number;
  /** The encoder. */
  readonly arch: ModelOptions['arch'];
  /** Images of a micro-batch. */
  readonly batch: number;
  /** Micro-batches of a step; 1 unless given. */
  readonly accumulate?: number;
  /** For steps of 256 images; the learning rate grows in proportion to the images of a step. */
  readonly lr: number;
  readonly schedule?: (run: { lr: number; batch: number; epochs: number }) => ScheduleOptions;
  readonly optimizer: 'sgd' | 'adamw';
  /** Of SGD, without Nesterov; 0.9 unless given. */
  readonly momentum?: number;
  /** Of AdamW. */
  readonly betas?: readonly [number, number];
  readonly weight_decay: number;
  /** What decays: all parameters unless given, or matrices alone, and no biases and norms. */
  readonly decay?: Decay;
  /** Whether an epoch's last batch is left out where it is short. */
  readonly drop_last: boolean;
  /** Features of the projector's output, where there is one. */
  readonly projection?: number;
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
