// Faults of metrics.
import { noticedBy } from './mutant.ts';

const KNN = 'src/metrics/knn.ts';
const SPREAD = 'src/metrics/alignment_uniformity.ts';

export const mutants = noticedBy(
  'metrics/metrics.test.ts',
  '',
  [
    'the last of equal logits is taken',
    'src/metrics/top_k.ts',
    'other === own && c < label',
    'other === own && c > label',
  ],
  [
    'rows and columns of the confusion are exchanged',
    'src/metrics/confusion.ts',
    'label * classes + prediction]',
    'prediction * classes + label]',
  ],
  ['empty classes count in the mean', 'src/metrics/confusion.ts', 'filter((count) => count > 0)', 'filter(() => true)'],
  ['all of the bank votes', KNN, 'kept = kept.slice(0, k);', ''],
  ['a strip of queries overwrites the one before it', KNN, '(from + row) * classes', 'row * classes'],
  ['the temperature does not count', KNN, '/ temperature)', ')'],
  ['pairs of a later strip are left out', SPREAD, 'other < from + row', 'other < row'],
  ['a point is its own pair', SPREAD, 'pairs += (count * (count - 1)) / 2', 'pairs += (count * count) / 2'],
  [
    'halkidi2001 has the spread of deviations',
    'src/metrics/s_dbw.ts',
    "norm(method === 'halkidi2001' ? variance",
    'norm(false ? variance',
  ],
);
