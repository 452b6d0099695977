import { S_DBW } from '../../report/ranking.ts';
import type { Experiment } from '../experiment.ts';
import { coinRows, recipe } from '../recipes.ts';

export const figure2: Experiment = {
  name: 'figure2',
  title: 'Figure 2: the feature space',
  claim: "COIN's classes are narrow clusters with room between them, those of CE-Tuning and SCL less so.",
  rowsAre: 'Features of',
  dataSets: ['cifar10'],
  measure: { ...S_DBW, heading: 'S_Dbw' },
  against: 'SCL',
  figure: 'features',
  rows: (scale) => [
    { label: 'the checkpoint', isStart: true },
    { label: 'CE-Tuning', paper: [0.48], train: recipe('ce-tuning', scale) },
    { label: 'SCL', paper: [0.47], train: recipe('scl', scale) },
    ...coinRows(scale, { paper: [0.28] }),
  ],
  notes: [
    'The paper does not tell how it projects features onto the plane; report.html draws them by UMAP and by PCA.',
  ],
};
