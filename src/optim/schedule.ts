import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';

/** The learning rate of an epoch, counted from 0. Fractions of epochs are allowed. */
export type Schedule = (epoch: number) => number;

/** Where a cosine ends and how it begins, in learning rates (at least 0) and epochs. */
export interface CosineOptions {
  /** What the rate falls to at `epochs`; 0 unless given. */
  readonly floor?: number;
  /** Epochs during which the rate rises in a straight line from `warmup_from` to where the cosine has got by then. */
  readonly warmup_epochs?: number;
  /** 0 unless given. */
  readonly warmup_from?: number;
}

/**
 * Half a cosine from `lr` at epoch 0 to the floor at `epochs`: floor + (lr - floor) (1 + cos(π epoch / epochs)) / 2.
 * Throws when a rate is negative or the epoch is not from 0 to `epochs`.
 */
export function cosine(
  lr: number,
  epoch: number,
  epochs: number,
  { floor = 0, warmup_epochs = 0, warmup_from = 0 }: CosineOptions = {},
): number {
  for (const [name, value] of Object.entries({ lr, floor, warmup_from }))
    checkNumber('cosine', name, value, NOT_NEGATIVE);
  checkNumber('cosine', 'epochs', epochs, { above: 0 });
  checkNumber('cosine', 'epoch', epoch, { least: 0, most: epochs });
  checkNumber('cosine', 'warmup_epochs', warmup_epochs, { least: 0, most: epochs });
  const at = (e: number) => floor + 0.5 * (lr - floor) * (1 + Math.cos((Math.PI * e) / epochs));
  if (epoch >= warmup_epochs) return at(epoch);
  return warmup_from + ((at(warmup_epochs) - warmup_from) * epoch) / warmup_epochs;
}

/**
 * MAE's schedule (He et al., arXiv 2111.06377): from 0 to `lr` in a straight line over `warmup_epochs`, then half a cosine over
 * the epochs that are left, down to the floor. Throws as `cosine` does.
 */
export function warmupCosine(
  lr: number,
  epoch: number,
  epochs: number,
  { floor = 0, warmup_epochs = 0 }: Omit<CosineOptions, 'warmup_from'> = {},
): number {
  checkNumber('warmupCosine', 'epoch', epoch, { least: 0, most: epochs });
  checkNumber('warmupCosine', 'warmup_epochs', warmup_epochs, { least: 0, most: epochs });
  checkNumber('warmupCosine', 'warmup_epochs', warmup_epochs, { least: 0, most: epochs });
  if (epoch < warmup_epochs) return (lr * epoch) / warmup_epochs;
  // An end of the warm-up at the end of all leaves no cosine.
  return warmup_epochs === epochs ? lr : cosine(lr, epoch - warmup_epochs, epochs - warmup_epochs, { floor });
}

/** How the learning rate goes over a run, as settings hold it. */
export interface ScheduleOptions extends CosineOptions {
  /** `cosine`, in which a warm-up is a part of the way, or MAE's `warmup_cosine`; `cosine` unless given. */
  readonly shape?: 'cosine' | 'warmup_cosine';
  /** Whether the rate changes once an epoch, as it does unless given, or with each optimizer step. */
  readonly changes?: 'epoch' | 'step';
}

/** The schedule of a run of so many epochs; it throws as its shape does. */
export function createSchedule(lr: number, epochs: number, options: ScheduleOptions = {}): Schedule {
  const rate = options.shape === 'warmup_cosine' ? warmupCosine : cosine;
  return (epoch) => rate(lr, epoch, epochs, options);
}

/**
 * The epoch for which a micro-batch's rate is taken: where the rate changes with each optimizer step, the fraction where the
 * first micro-batch of its step lies; else the epoch that runs.
 */
export const rateEpoch = (
  { epoch, index }: { readonly epoch: number; readonly index: number },
  {
    microBatches,
    accumulate = 1,
    changes = 'epoch',
  }: { microBatches: number; accumulate?: number } & Pick<ScheduleOptions, 'changes'>,
): number => (changes === 'epoch' ? epoch : epoch + (index - (index % accumulate)) / microBatches);

/** What becomes of the micro-batches that are left where an epoch's number is no multiple of those of an optimizer step. */
export const LEFTOVERS = ['step', 'carry'] as const;
/** One of `LEFTOVERS`. */
export type Leftover = (typeof LEFTOVERS)[number];

/**
 * Whether the optimizer steps after a micro-batch: after each `accumulate`-th of an epoch, and where leftovers are a `step` of
 * their own (as in PyTorch Lightning, and so in COIN) after the last; where they `carry` over (as in Core-tuning) their
 * gradients are part of the next epoch's first step.
 */
export const takesStep = (
  index: number,
  microBatches: number,
  accumulate: number,
  leftover: Leftover = 'step',
): boolean => (index + 1) % accumulate === 0 || (leftover === 'step' && index + 1 === microBatches);

/** The micro-batches of so many optimizer steps, counted from the beginning of an epoch. */
export function microBatchesOf(
  steps: number,
  microBatches: number,
  accumulate: number,
  leftover: Leftover = 'step',
): number {
  const perEpoch = leftover === 'step' ? Math.ceil(microBatches / accumulate) : Math.floor(microBatches / accumulate);
  if (perEpoch === 0)
    throw new Error(
      `An epoch of ${microBatches} micro-batches has no optimizer step of ${accumulate}, so ${steps} are never taken.`,
    );
  const epochs = Math.floor(steps / perEpoch);
  return epochs * microBatches + (steps - epochs * perEpoch) * accumulate;
}
