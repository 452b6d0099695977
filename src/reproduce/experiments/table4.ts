import { TOP1 } from '../../report/ranking.ts';
import type { Experiment } from '../experiment.ts';
import { coinRecipe } from '../recipes.ts';

/** Top-1 by the share of first-stage epochs; 0 is SCL's of table 1. */
const PAPER: Readonly<Record<number, number>> = {
  0: 97.31,
  0.1: 97.38,
  0.2: 97.54,
  0.3: 97.47,
  0.4: 97.57,
  0.5: 97.73,
  0.6: 97.85,
  0.7: 97.88,
  0.8: 97.69,
  0.9: 96.39,
};

const labelOf = (alpha: number): string => (alpha === 0 ? 'α = 0 (SCL)' : `α = ${alpha}`);

export const table4: Experiment = {
  name: 'table4',
  title: "Table 4: the share of COIN's first stage",
  claim: 'the accuracy rises with α up to 0.7 and falls at 0.9.',
  rowsAre: 'α',
  dataSets: ['cifar10'],
  measure: { ...TOP1, heading: 'top-1', unit: '%' },
  against: labelOf(0),
  varied: ['α'],
  rows: ({ alphas, ...scale }) =>
    alphas.map((alpha) => ({
      label: labelOf(alpha),
      paper: [PAPER[alpha] as number],
      train: coinRecipe({ alphas, ...scale }, alpha),
    })),
};
