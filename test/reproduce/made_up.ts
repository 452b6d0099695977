import { TOP1 } from '../../src/report/ranking.ts';
import type { Outcome } from '../../src/reproduce/cell.ts';
import type { Experiment, Row, Scale } from '../../src/reproduce/experiment.ts';
import { scales } from '../../src/reproduce/scales.ts';

/** A scale of trainings that take no time, from random values. */
export const tiny: Scale = {
  ...scales.smoke,
  seeds: [0, 1],
  epochs: 2,
  base: { width: 4, epochs: 2, batch: 9, accumulate: 1, lr: 0.1, 'evaluate-every': 2 },
  inPlaceOf: { 'self-supervised': { note: 'All begin with random values.' } },
};

/** A table of rows by their labels, each trained by a method, compared with SCL. */
export const tableOf = (rows: readonly Row[], rest: Partial<Experiment> = {}): Experiment => ({
  name: 'tiny',
  title: 'A tiny table',
  claim: 'nothing is larger than anything.',
  rowsAre: 'Method',
  dataSets: ['cifar10'],
  measure: { ...TOP1, heading: 'top-1', unit: '%' },
  against: 'SCL',
  rows: () => rows,
  ...rest,
});

export const trained = (method: string): Row['train'] => ({ settings: { method }, start: 'self-supervised' });

export const outcomeOf = (top1: number): Outcome => ({
  run: { ...{ method: 'x', title: 'X', alpha: 0, seed: 0, epochs: 1, top1 }, losses: [], evaluations: [] },
  adapter: 'made up',
  classes: ['one', 'two'],
});
