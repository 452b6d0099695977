// Faults of whole steps of each method, which three steps in float64 notice.
import { noticedBy } from './mutant.ts';

const of = (name: string, ...rows: Parameters<typeof noticedBy>[2][]) =>
  noticedBy('methods/three_steps.node.test.ts', `three steps ${name}: `, ...rows);

export const mutants = [
  ...of('CE-Tuning', [
    'the rate falls in a straight line',
    'src/optim/schedule.ts',
    '(1 + Math.cos((Math.PI * e) / epochs))',
    '(2 - (2 * e) / epochs)',
  ]),
  ...of('SL-CE-Tuning', [
    'labels are smoothed half',
    'src/methods/ce_tuning.ts',
    'labels, { label_smoothing })',
    'labels, { label_smoothing: label_smoothing / 2 })',
  ]),
  ...of('L2-SP', [
    'the head is held as the encoder is',
    'src/methods/l2_sp.ts',
    'distance(head, head_decay)',
    'distance(head, lambda)',
  ]),
  ...of('M&M', [
    'triplets are not weighed',
    'src/methods/m_and_m.ts',
    'randomPartners(step), config.lambda)',
    'randomPartners(step), 1)',
  ]),
  ...of('M&M in two stages', [
    'distances are of features that are not normalised',
    'src/methods/m_and_m.ts',
    'l2Normalize(tape, features())',
    'features()',
  ]),
  ...of(
    'DELTA',
    ['the reference is in training', 'src/methods/delta.ts', 'step.images, false)', 'step.images, true)'],
    [
      'the classifier that judges channels is trained for an epoch less',
      'src/methods/delta_channels.ts',
      'HEAD_EPOCHS = 10',
      'HEAD_EPOCHS = 9',
    ],
  ),
  ...of('BSS', [
    'one singular value less is shrunk',
    'src/methods/bss.ts',
    'step.features(), k)',
    'step.features(), k - 1)',
  ]),
  ...of('RIFLE', [
    'the rate of the classifier does not begin anew',
    'src/methods/rifle.ts',
    'cosine(peak, epoch % period, period)',
    'lr',
  ]),
  ...of(
    'Bi-Tuning',
    [
      'keys move as fast as they should stay',
      'src/methods/bi_tuning.ts',
      'keys.chunks, key_momentum)',
      'keys.chunks, 1 - key_momentum)',
    ],
    [
      'pointers stay where they are',
      'src/methods/bi_tuning.ts',
      'advance(tape, pointers, labels, queue_z.shape[1] as number);',
      '',
    ],
    [
      'the classifier is contrasted without its bias',
      'kernels/class_queue/homogeneous.wgsl',
      'select(1.0, bias[label], is_class)',
      'select(1.0, 0.0, is_class)',
    ],
  ),
  ...of('SCL', [
    'the contrast is not weighed',
    'src/methods/scl.ts',
    'supConTerm(config, step, config.lambda)',
    'supConTerm(config, step, 1)',
  ]),
  ...of('Core-Tuning', [
    'images are mixed at any share',
    'src/methods/core_tuning.ts',
    'LEAST_MIX = 0.8',
    'LEAST_MIX = 0',
  ]),
  ...of('Core-Tuning as released', [
    'a row is divided by its positives',
    'src/methods/core_tuning.ts',
    "released ? 'columns' : 'positives'",
    "'positives'",
  ]),
  ...of('Noisy-Tune', [
    'noise has half its width',
    'src/methods/noisy_tune.ts',
    'STREAM + index), width)',
    'STREAM + index), width / 2)',
  ]),
  ...of('COIN', [
    'its first stage has any epoch that it has a part of',
    'src/methods/coin.ts',
    'Math.round(alpha * epochs)',
    'Math.ceil(alpha * epochs)',
  ]),
  ...of("COIN's first stage and L2-SP", [
    'the temperature of the first stage is that of the second',
    'src/methods/coin.ts',
    'initialization({ ...config, temperature }, boundary)',
    'initialization(config, boundary)',
  ]),
];
