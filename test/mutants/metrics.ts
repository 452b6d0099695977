// Faults of metrics.
import { noticedBy } from './mutant.ts';

const KNN = 'src/metrics/knn.ts';
const SPREAD = 'src/metrics/alignment_uniformity.ts';

export const mutants = [
  ...noticedBy(
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
    [
      'empty classes count in the mean',
      'src/metrics/confusion.ts',
      'filter((count) => count > 0)',
      'filter(() => true)',
    ],
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
  ),
  ...noticedBy(
    'metrics/calibration.node.test.ts',
    'calibration',
    [
      'an edge belongs to the part above it',
      'src/metrics/calibration.ts',
      'Math.ceil(confidence * bins) - 1',
      'Math.floor(confidence * bins)',
    ],
    [
      'gaps of answers count each by itself',
      'src/metrics/calibration.ts',
      'Number(right[i]) - confidence',
      'Math.abs(Number(right[i]) - confidence)',
    ],
  ),
  ...noticedBy(
    'metrics/linear_probe.test.ts',
    'linear probe',
    [
      'the bias is penalised',
      'src/metrics/linear_probe.ts',
      'for (let i = 0; i < size; i++) {\n      const own',
      'for (let i = 0; i < at.length; i++) {\n      const own',
    ],
    [
      'tested features are standardised by their own',
      'src/metrics/linear_probe.ts',
      'partsOf(standardised(test.features)',
      'partsOf(standardiser(test.features, d)(test.features)',
    ],
    ['it stops half way', 'src/metrics/linear_probe.ts', 'Math.abs(slope) < ZERO', 'Math.abs(slope) < 1000 * ZERO'],
  ),
  ...noticedBy(
    'ops/contrast.test.ts',
    'contrast',
    ['a row is its own other', 'src/ops/contrast.ts', 'own: Number(keys === z)', 'own: 0'],
    ['a tie counts as found', 'kernels/contrast/statistics.wgsl', 'nearest > rival', 'nearest >= rival'],
    ['rows of no class are pairs', 'kernels/contrast/statistics.wgsl', ' & (label >= 0)', ''],
  ),
  ...noticedBy('train/evaluation.test.ts', 'evaluation', [
    'all images are neighbours',
    'src/train/evaluate.ts',
    'view, images: bank.images })',
    'view, images: undefined })',
  ]),
  ...noticedBy('train/evaluation.test.ts', 'of more than five classes', [
    'the best alone counts',
    'src/train/evaluate.ts',
    'end), [SEVERAL])',
    'end), [1])',
  ]),
];
