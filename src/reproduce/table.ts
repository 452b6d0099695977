// A table of numbers or texts for people, and how its numbers are written.
import type { Measure } from './experiment.ts';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  /** The first cell of each is its head. */
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  /** Whether cells are texts and not numbers. */
  readonly isText?: boolean;
}

/** How many digits the paper prints behind the point. */
export const PAPER = { digits: 2 } as const;

/** Stands where there is nothing. */
export const NOTHING = '–';

export const shown = (value: number | undefined, { digits }: Pick<Measure, 'digits'>) =>
  value?.toFixed(digits) ?? NOTHING;

export const signed = (value: number, { digits }: Pick<Measure, 'digits'>): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

export const unitOf = ({ unit }: Pick<Measure, 'unit'>) => (unit ? ` (${unit})` : '');
