import type { Augmentation } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Drawing } from '../data/sampler.ts';
import type { Method, MethodConfig } from '../methods/method.ts';
import type { Model } from '../nn/model.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Leftover, ScheduleOptions } from '../optim/schedule.ts';
import type { Evaluator } from './evaluate.ts';
import type { RunState } from './run_state.ts';

/**
 * All that decides what `train` does. It throws before the first step when `indices` are empty or name an image that is not
 * there, and while it trains when a loss is no finite number.
 */
export interface TrainConfig extends Drawing {
  readonly method: Method;
  readonly options: MethodConfig;
  readonly model: Model;
  readonly optimizer: Optimizer;
  /** One with a feed has room for batches of one image more than `batch`. */
  readonly data: Dataset;
  /** The images of `data` to train on. */
  readonly indices: Uint32Array;
  /** Scores the model before, between and after epochs; never where absent. */
  readonly evaluator?: Evaluator;
  /** Epochs between evaluations; 1 unless given. */
  readonly evaluateEvery?: number;
  /** Images of a micro-batch, each in as many views as the method wants. */
  readonly batch: number;
  /** Micro-batches whose gradients are averaged into one optimizer step; 1 unless given. */
  readonly accumulate?: number;
  /** What becomes of micro-batches that are left at the end of an epoch; a `step` of their own unless given. */
  readonly leftover?: Leftover;
  /** The largest learning rate; unless the schedule says otherwise, it falls along a cosine towards 0 over all epochs, changed once an epoch. */
  readonly lr: number;
  /** Optimizer steps after which training ends, in place of the method's epochs. */
  readonly steps?: number | undefined;
  /** The norm that all gradients of a step together have at most; not clipped where absent. */
  readonly max_norm?: number | undefined;
  /** A model of the same make that keeps a moving average of the weights after each step, `decay` of the average before; it is what is evaluated. */
  readonly average?: { readonly model: Model; readonly decay: number } | undefined;
  readonly schedule?: ScheduleOptions;
  /** Fixes the order of images and all augmentation; a whole number from 0. */
  readonly seed: number;
  readonly augmentation: Augmentation;
  /** Whether a step of each stage tells what its dispatches take; what is trained stays the same. */
  readonly profile?: boolean;
  /** Goes on from this state, in place of the beginning. */
  readonly resume?: RunState;
  /** Micro-batches between two readbacks of losses, after each of which the run can be saved; 8 unless given. */
  readonly readEvery?: number;
  /** Once it is aborted, each micro-batch is read back at once, so that the run can be saved after it. */
  readonly signal?: AbortSignal;
}
