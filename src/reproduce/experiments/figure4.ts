import { S_DBW } from '../../report/ranking.ts';
import type { Experiment } from '../experiment.ts';
import { coinRows, recipe } from '../recipes.ts';

export const figure4: Experiment = {
  name: 'figure4',
  title: 'Figure 4: accuracy and S_Dbw over the epochs',
  claim:
    "COIN's S_Dbw falls from 0.88 to 0.36 in its first stage, at whose end its accuracy jumps above that of the others (switch at epoch 70 of 100).",
  rowsAre: 'Method',
  dataSets: ['cifar10'],
  measure: { ...S_DBW, heading: 'S_Dbw' },
  against: 'SCL',
  figure: 'curves',
  rows: (scale) => [
    { label: 'CE-Tuning', paper: [0.48], train: recipe('ce-tuning', scale) },
    { label: 'SCL', paper: [0.47], train: recipe('scl', scale) },
    { label: 'Core-Tuning', paper: [0.38], train: recipe('core-tuning', scale) },
    ...coinRows(scale, { paper: [0.28] }),
  ],
  falls: { before: 0.88, switch: 0.36, end: 0.28 },
  notes: [
    "The curves are in report.html; the paper's accuracies are of training images, these of test images.",
    "The paper's S_Dbw beside the last epoch's is that of its table 2.",
  ],
};
