// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
// Faults of the trainer, of the methods and of what checks them.
import { noticedBy } from './mutant.ts';

const TRAINER = 'src/train/trainer.ts';
const SURVIVE = 'src/train/survive.ts';
const STATE = 'src/train/run_state.ts';

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
      'loss: ({ tape, projected, instances, watch })',
      'loss: ({ tape, projected, labels: instances, watch })',
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
    'const rate = createSchedule(config.lr, config.steps === undefined ? epochs : limit / microBatches, config.schedule);',
    'const rate = (_epoch: number) => config.lr;',
  ]),
  ...noticedBy('train/trainer.test.ts', 'a last short batch', [
    'losses of an epoch are those of its last micro-batch',
    TRAINER,
    'sums: Record<string, number> = { ...place.sums }',
    'sums: Record<string, number> = {}',
  ]),
  ...noticedBy('train/trainer.test.ts', 'a last short batch', [
    'the last gradients of an epoch are not applied',
    'src/optim/schedule.ts',
    "(leftover === 'step' && index",
    "(leftover === 'carry' && index",
  ]),
  ...noticedBy('train/trainer.test.ts', 'a loss that is not finite', [
    'a loss that is not finite is trained on',
    TRAINER,
    'if (broken) throw stop(`loss',
    'if (broken && false) throw stop(`loss',
  ]),
  ...noticedBy('train/trainer.test.ts', 'a weight that is not finite', [
    'a weight that is not finite is trained on',
    TRAINER,
    'if (broken) throw stop(`weight',
    'if (broken && false) throw stop(`weight',
  ]),
  ...noticedBy('train/trainer.test.ts', 'that are not finite', [
    'what is not finite is scored',
    'src/train/evaluate.ts',
    'if (value !== undefined)',
    'if (false)',
  ]),
  ...noticedBy('train/trainer.test.ts', 'anchors without positives', [
    'batches without pairs are not told',
    'src/train/notices.ts',
    'share <= 0.5 && empty === 0',
    'true',
  ]),
  ...noticedBy(
    'conformance/schedules.test.ts',
    '',
    [
      'the rest of an epoch is no step',
      'src/optim/schedule.ts',
      "leftover === 'step' && index",
      "leftover !== 'step' && index",
    ],
    ['short batches are never dropped', 'src/data/sampler.ts', 'if (drop_last) return', 'if (false) return'],
    [
      "MAE's cosine begins at epoch 0",
      'src/optim/schedule.ts',
      'epoch - warmup_epochs, epochs - warmup_epochs',
      'epoch, epochs',
    ],
    ['a floor is 0', 'src/optim/schedule.ts', 'floor + 0.5 * (lr - floor)', '0.5 * lr'],
  ),
  ...noticedBy(
    'train/resume.test.ts',
    'a run goes on',
    ['an epoch begins anew', TRAINER, 'for (let index = from.index; ', 'for (let index = 0; '],
    [
      'momentum is forgotten',
      'src/train/run_state.ts',
      'if (given) device.write(',
      'if (given && false) device.write(',
    ],
    ['steps are counted anew', 'src/train/run_state.ts', 'steps.set(name, count)', 'steps.set(name, 0)'],
    ['sums of gradients are left out', TRAINER, '...(sums && !isBetweenSteps &&', '...(sums && false &&'],
  ),
  ...noticedBy('train/resume.test.ts', "a method's own", [
    'an epoch that goes on is prepared again',
    TRAINER,
    'if (place.index === 0) yield* preparation',
    'yield* preparation',
  ]),
  ...noticedBy(
    'train/habits.test.ts',
    '',
    ['what is frozen is trained', 'src/nn/store.ts', 'parameter.requiresGrad = false', 'parameter.requiresGrad = true'],
    ['a frozen encoder keeps training its statistics', 'src/train/step.ts', 'images, isTrained)', 'images, true)'],
    ['the rate falls to the end of the last epoch', TRAINER, 'epochs : limit / microBatches', 'epochs : epochs'],
    ['the average has its own statistics', 'src/weights/state_dict.ts', "if (!('gradient' in tensor))", 'if (false)'],
  ),
  ...noticedBy(
    'optim/clip.test.ts',
    '',
    [
      'each span is scaled by its own norm',
      'kernels/optimizer/square_sums.wgsl',
      'partials[span.w]',
      'partials[index]',
    ],
    [
      'small gradients grow',
      'kernels/optimizer/clip_factor.wgsl',
      'min(1.0, params.max_norm / (total + 1e-6))',
      'params.max_norm / (total + 1e-6)',
    ],
  ),
  ...noticedBy('cli/habits.node.test.ts', 'the best evaluation', [
    'the last of equals is the best',
    'src/cli/best.node.ts',
    'accuracy > (best()',
    'accuracy >= (best()',
  ]),
  ...noticedBy('cli/resume.node.test.ts', 'what a killed program told', [
    'half a line stays in the log',
    'src/cli/log.node.ts',
    'if (whole < written.length)',
    'if (false)',
  ]),
  ...noticedBy(
    'report/data.test.ts',
    'from which it goes on is void',
    ['what is void is told', 'src/report/data.ts', 'told.epoch < epoch', 'true'],
    ['void evaluations are told', 'src/report/data.ts', 'told.epoch <= evaluated', 'true'],
  ),
  ...noticedBy('data/dataset.test.ts', 'one image that is left over', [
    'one image is a batch',
    'src/data/sampler.ts',
    'sizes.at(-1) === 1',
    'false',
  ]),
  ...noticedBy(
    'weights/state_dict.test.ts',
    '',
    ['other tensors are passed over', 'src/weights/state_dict.ts', 'strange.length > 0', '0 > 0'],
    ['weights that are not finite are loaded', 'src/weights/state_dict.ts', 'if (value !== undefined)', 'if (false)'],
    ['momentum copies are strange', 'src/weights/keys.ts', '|momentum_\\w+', ''],
  ),
  ...noticedBy('methods/settings.test.ts', 'COIN', [
    'COIN reads λ where it has no second stage',
    'src/methods/coin.ts',
    'stageSwitch(config) < config.epochs ?',
    'true ?',
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
  ...noticedBy(
    'train/resume.test.ts',
    'lost',
    ['losses of devices are counted over a whole run', SURVIVE, "if (event.type === 'saved') losses = 0;", ''],
    ['a run is tried once more', SURVIVE, '++losses >= PATIENCE', '++losses > PATIENCE'],
    ['a run begins again where it began', SURVIVE, '      from = await latest();\n', ''],
    ['a run begins without its state', SURVIVE, 'let from = await latest();', 'let from: S | undefined;'],
  ),
  ...noticedBy(
    'train/resume.test.ts',
    '',
    [
      'tensors of other shapes are restored',
      STATE,
      'if (given && showShape(given.shape) !== showShape(shape))',
      'if (false)',
    ],
    ['averages begin anew', STATE, 'if (average) await loadState(device, average, averageOf(state), from);', ''],
    ['another optimizer is restored', STATE, 'if (!given && !name.startsWith', 'if (false && !name.startsWith'],
  ),
  ...noticedBy('optim/clip.test.ts', '', [
    'gradients are clipped in place of their sums',
    'src/optim/clip.ts',
    'from?.chunks[index] ?? arena',
    'arena',
  ]),
  ...noticedBy('optim/schedule.test.ts', 'set at its first micro-batch', [
    'a rate is that of its own micro-batch',
    'src/optim/schedule.ts',
    '(index - (index % accumulate))',
    'index',
  ]),
];
