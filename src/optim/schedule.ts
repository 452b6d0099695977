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

/** `cosine` as a function of the epoch alone; it throws as that does. */
export const cosineSchedule =
  (lr: number, epochs: number, options: CosineOptions = {}): Schedule =>
  (epoch) =>
    cosine(lr, epoch, epochs, options);
