// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
// Faults of the trainer, of the methods and of what checks them.
import { noticedBy } from './mutant.ts';

const TRAINER = 'src/train/trainer.ts';

export const mutants = [
  ...noticedBy('train/evaluation.test.ts', '', [
    'evaluation is in training mode',
    'src/train/evaluate.ts',
    'forward(tape, images, false)',
    'forward(tape, images, true)',
  ]),
  ...noticedBy('methods/methods.test.ts', 'αN epochs', [
    'αN is floored',
    'src/methods/coin.ts',
    'Math.round(alpha',
    'Math.floor(alpha',
  ]),
  ...noticedBy(
    'methods/methods.test.ts',
    'the losses of each stage',
    ['the cross-entropy is not smoothed', 'src/methods/ce_tuning.ts', 'labels, { label_smoothing }', 'labels, {}'],
    ['λ is 1', 'src/methods/scl.ts', 'step, config.lambda)', 'step, 1)'],
    ["SupCon's variant is the paper's", 'src/methods/scl.ts', 'variant })', "variant: 'paper' })"],
    [
      "COIN's first stage is weighted by λ",
      'src/methods/coin.ts',
      'supConTerm(config, step, 1)',
      'supConTerm(config, step, config.lambda)',
    ],
    [
      'SimCLR takes labels for instances',
      'src/methods/simclr.ts',
      'loss: ({ tape, projected, instances })',
      'loss: ({ tape, projected, labels: instances })',
    ],
    [
      "SimCLR's temperature is its default",
      'src/methods/simclr.ts',
      '{ temperature, variant',
      '{ temperature: 0.2, variant',
    ],
  ),
  ...noticedBy('train/trainer.test.ts', 'COIN switches its loss', [
    'the learning rate stays',
    TRAINER,
    'const lr = cosine(config.lr, epoch, epochs);',
    'const lr = config.lr;',
  ]),
  ...noticedBy('train/trainer.test.ts', 'a last short batch', [
    'the last gradients of an epoch are not applied',
    TRAINER,
    'const apply = isLast || (',
    'const apply = (',
  ]),
  ...noticedBy('train/trainer.test.ts', 'a loss that is not finite', [
    'a loss that is not finite is trained on',
    TRAINER,
    'if (broken) throw stop(`loss',
    'if (broken && false) throw stop(`loss',
  ]),
  ...noticedBy(
    'ops/against.test.ts',
    '',
    [
      'an output that is missing is skipped',
      'test/ops/against.ts',
      "named('output', outputs)) expect(",
      "named('output', outputs)) if (name in found) expect(",
    ],
    ['nothing is off', 'test/ops/against.ts', 'assert.ok(ok, `${name} is off', 'assert.ok(true, `${name} is off'],
  ),
];
