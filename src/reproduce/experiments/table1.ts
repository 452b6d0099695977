import { TOP1 } from '../../report/ranking.ts';
import type { Experiment, Row } from '../experiment.ts';
import { coinRows, initialized, recipe, titleOf } from '../recipes.ts';

/** The paper's accuracies, in the order of the data sets, with their mean; `*` marks what its authors ran themselves beside what they quote. */
const PAPER = {
  'ce-tuning': [88.27, 97.26, 82.22, 69.04, 89.91, 91.01, 99.14, 92.32, 88.3, 88.61],
  'sl-ce-tuning': [91.01, 94.23, 83.4, 74.4, 89.77, 92.17, 98.78, 93.39, 87.03, 89.35],
  'l2-sp': [88.49, 95.14, 81.43, 72.18, 89.0, 89.43, 98.66, 91.98, 86.55, 88.1],
  'm-and-m': [88.53, 95.02, 80.58, 72.43, 88.9, 89.6, 98.57, 92.91, 87.45, 88.22],
  delta: [88.35, 94.76, 80.39, 72.23, 88.73, 89.54, 98.65, 92.19, 87.05, 87.99],
  bss: [88.34, 94.84, 80.4, 72.22, 88.5, 89.5, 98.57, 91.95, 87.18, 87.94],
  rifle: [89.06, 94.71, 80.36, 72.45, 89.72, 90.05, 98.7, 91.94, 87.6, 88.29],
  'bi-tuning': [89.06, 95.12, 81.42, 73.53, 89.41, 89.9, 98.57, 92.83, 87.39, 88.58],
  scl: [89.29, 95.33, 81.49, 72.73, 89.37, 89.71, 98.65, 92.84, 87.44, 88.54],
  'scl*': [89.6, 97.31, 82.82, 73.51, 90.32, 90.91, 98.9, 92.74, 88.33, 89.38],
  'core-tuning': [92.73, 97.31, 84.13, 75.37, 90.17, 92.36, 99.18, 93.46, 89.48, 90.47],
  'core-tuning*': [93.84, 97.4, 83.25, 74.04, 90.16, 92.04, 98.78, 92.62, 88.86, 90.11],
  'noisy-tune': [94.39, 97.59, 83.5, 71.97, 90.16, 91.99, 99.14, 70.58, 88.83, 87.57],
  coin: [94.6, 97.88, 85.39, 75.74, 90.32, 93.59, 99.27, 93.0, 89.77, 91.06],
} as const;

const valuesOf = (name: keyof typeof PAPER): Pick<Row, 'paper' | 'average'> => ({
  paper: PAPER[name].slice(0, -1),
  average: PAPER[name].at(-1) as number,
});

export const table1: Experiment = {
  name: 'table1',
  title: 'Table 1: top-1 accuracy of twelve methods',
  claim: 'COIN is the best on average and on most data sets, by 1.68 points over SCL on average.',
  rowsAre: 'Method',
  dataSets: ['imagenet20', 'cifar10', 'cifar100', 'dtd', 'cars', 'pets', 'flowers', 'caltech101', 'aircraft'],
  measure: { ...TOP1, heading: 'top-1', unit: '%' },
  against: 'SCL',
  rows: (scale) => {
    const row = (method: keyof typeof PAPER, values = method): Row => ({
      label: titleOf(method),
      ...valuesOf(values),
      train: recipe(method, scale),
    });
    const quoted = (method: keyof typeof PAPER): Row => ({
      label: `${titleOf(method)}, as quoted`,
      ...valuesOf(method),
    });
    return [
      ...(['ce-tuning', 'sl-ce-tuning', 'l2-sp', 'm-and-m', 'delta', 'bss', 'rifle', 'bi-tuning'] as const).map(
        (method) => row(method),
      ),
      ...[quoted('scl'), row('scl', 'scl*'), quoted('core-tuning'), row('core-tuning', 'core-tuning*')],
      ...[row('noisy-tune'), ...coinRows(scale, valuesOf('coin'))],
      ...['l2-sp', 'bss', 'core-tuning'].map((method) => initialized(method, scale)),
    ];
  },
  notes: [
    "The paper's CE-Tuning, SCL, Core-Tuning, Noisy-Tune and COIN are its authors' own runs; its other rows are quoted from the paper of Core-Tuning, which augmented otherwise and whose CE-Tuning is 0.85 points lower on average.",
    'The paper tells no constants of L2-SP, M&M, DELTA, BSS, RIFLE and Bi-Tuning: here they are those of their authors, but for the weight of DELTA, which falls as the learning rate rises above 0.01.',
    "Rows of COIN before another method (the paper's figure 3) have no numbers in the paper; they are compared with that method.",
  ],
};
