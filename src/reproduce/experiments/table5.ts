import { TOP1 } from '../../report/ranking.ts';
import type { Experiment } from '../experiment.ts';
import { coinRecipe, recipe } from '../recipes.ts';

/** Top-1 with 100 and with 150 epochs. */
const PAPER = {
  'CE-Tuning': [88.27, 88.3],
  SCL: [89.6, 89.6],
  'Core-Tuning': [93.84, 93.93],
  COIN: [94.6, 94.8],
} as const;

export const table5: Experiment = {
  name: 'table5',
  title: 'Table 5: half as many epochs more',
  claim: 'more epochs change little and keep the ranking.',
  rowsAre: 'Method',
  dataSets: ['imagenet20'],
  measure: { ...TOP1, heading: 'top-1', unit: '%' },
  varied: ['epochs'],
  rows: (scale) => {
    const recipes = {
      'CE-Tuning': recipe('ce-tuning', scale),
      SCL: recipe('scl', scale),
      'Core-Tuning': recipe('core-tuning', scale),
      COIN: coinRecipe(scale),
    };
    const lengths = [scale.epochs, (3 * scale.epochs) / 2];
    return (Object.keys(PAPER) as (keyof typeof PAPER)[]).flatMap((label) =>
      lengths.map((epochs, i) => ({
        label: `${label}, ${epochs} epochs`,
        paper: [PAPER[label][i] as number],
        train: { ...recipes[label], settings: { ...recipes[label].settings, epochs } },
        ...(i > 0 && { against: `${label}, ${lengths[0]} epochs` }),
      })),
    );
  },
  notes: [
    "Each method with half as many epochs more is compared with itself. α keeps its share of the epochs; the paper's code keeps 100α epochs whatever their number.",
  ],
};
