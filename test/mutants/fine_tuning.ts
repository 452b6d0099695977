// Faults of the methods of fine-tuning, which golden cases and small trainings notice.
import { noticedBy } from './mutant.ts';

const GOLDEN = 'conformance/methods.test.ts';

export const mutants = [
  ...noticedBy(GOLDEN, 'method_l2_sp', [
    'distances are counted from 0',
    'src/optim/l2_distance.ts',
    'const ANCHORED = reference ? 1 : 0;',
    'const ANCHORED = 0;',
  ]),
  ...noticedBy(GOLDEN, 'method_m_and_m', [
    'triplets that keep the margin have a gradient',
    'kernels/triplet/backward.wgsl',
    'at_negative, losses[i])',
    'at_negative, 1.0)',
  ]),
  ...noticedBy(
    GOLDEN,
    'method_delta',
    ['a layer counts by its places', 'src/ops/feature_distance.ts', 'weights ? columns / places : 1', '1'],
    ['channels are not standardised', 'src/methods/delta_channels.ts', '(value - mean) / deviation', '(value - mean)'],
  ),
  ...noticedBy(
    GOLDEN,
    'method_bss',
    [
      'the larger Gram matrix is taken',
      'src/ops/small_singular_values.ts',
      'const byRows = n <= d;',
      'const byRows = n >= d;',
    ],
    [
      'the gradient of a singular value is half of it',
      'kernels/eigen/projection.wgsl',
      'p[at] = 2.0 * dy[0] * sum;',
      'p[at] = dy[0] * sum;',
    ],
  ),
  ...noticedBy(GOLDEN, 'method_rifle', [
    'the classifier is made anew in the middle of a period',
    'src/methods/rifle.ts',
    'epoch > 0 && epoch % period === 0',
    'epoch > 0 && (epoch + 1) % period === 0',
  ]),
  ...noticedBy(
    GOLDEN,
    'method_bi_tuning',
    [
      'features do not join their queue',
      'src/methods/bi_tuning.ts',
      'enqueueByClass(tape, { queue: queue_h, pointers, labels }, unit(homogeneous(tape, k.features)));',
      '',
    ],
    [
      'of more keys of a class than its queue holds the first stay',
      'kernels/class_queue/enqueue.wgsl',
      '(behind < params.length)',
      '(before < params.length)',
    ],
  ),
  ...noticedBy(
    GOLDEN,
    'method_core_tuning',
    ['the quirks are not', 'src/methods/core_tuning.ts', 'detached: released', 'detached: false'],
    [
      'the focal weight is constant',
      'kernels/focal_sup_con/statistics.wgsl',
      'focal += select(0.0, (p - 1.0)',
      'focal += select(0.0, -1.0',
    ],
  ),
  ...noticedBy(GOLDEN, 'method_noisy_tune', [
    'the deviation is biased',
    'kernels/noise/perturb.wgsl',
    'max(f32(params.count) - 1.0, 1.0)',
    'f32(params.count)',
  ]),
  ...noticedBy('methods/fine_tuning.node.test.ts', "COIN's first stage before another", [
    'the second method counts its epochs from the first of all',
    'src/methods/coin.ts',
    'epochs: [from + by, to + by],',
    'epochs: [from, to],',
  ]),
];
