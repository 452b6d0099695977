// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
// Faults of the command line: what it does with its options, its files and its signals.
import { noticedBy } from './mutant.ts';

const TRAIN = 'src/cli/train.ts';
const METHODS = 'src/cli/method_options.ts';
const FINE_TUNE = 'src/cli/fine_tune.ts';
const PRETRAIN = 'src/cli/pretrain.ts';
const HABITS = 'src/cli/habits.ts';
const FILES = 'src/files.node.ts';
const FOLDER = 'src/cli/run_folder.node.ts';
const SAVING = 'src/cli/saving.node.ts';
const SIGNALS = 'src/cli/signals.node.ts';

export const mutants = [
  ...noticedBy(
    'cli/train.node.test.ts',
    'train does what its options say',
    ['--weights is ignored', FINE_TUNE, 'if (weights && !from)', 'if (weights && false)'],
    ['--lr is ignored', HABITS, 'accumulate: options.accumulate, lr,', 'accumulate: options.accumulate, lr: 0.01,'],
    ['--momentum is ignored', HABITS, 'momentum: options.momentum', 'momentum: 0.9'],
    ['--weight-decay is ignored', HABITS, 'weight_decay: options.weightDecay,', 'weight_decay: 1e-4,'],
    ['--label-smoothing is ignored', METHODS, "labelSmoothing: 'label_smoothing',", "labelSmoothing: 'held',"],
    ['--crop-scale is ignored', TRAIN, 'scale: [options.cropScale, 1]', 'scale: [0.08, 1]'],
    ['--projection is ignored', TRAIN, 'projector: { out: options.projection },', 'projector: { out: 256 },'],
    ['--temperature is ignored', METHODS, "temperature: 'temperature',", "temperature: 'held',"],
    ['--lambda is ignored', METHODS, "lambda: 'lambda',", "lambda: 'held',"],
    ['--alpha is ignored', METHODS, "alpha: 'alpha',", "alpha: 'held',"],
    ['--sup-con is ignored', METHODS, "supCon: 'variant',", "supCon: 'held',"],
    ['--accumulate is ignored', HABITS, 'accumulate: options.accumulate,', 'accumulate: 4,'],
    ['--batch is ignored', HABITS, 'batch: options.batch,', 'batch: 18,'],
    ['--labels is ignored', TRAIN, 'options.labels === undefined', 'true'],
    ['--seed is ignored', HABITS, 'seed: options.seed,', 'seed: 42,'],
    ['--evaluate-every is ignored', HABITS, 'evaluateEvery: options.evaluateEvery', 'evaluateEvery: 1'],
    [
      "the trainer's momentum is not the setting's",
      'src/cli/run_model.ts',
      '...options, momentum, nesterov',
      '...options, momentum: 0.9, nesterov',
    ],
  ),
  ...noticedBy('cli/train.node.test.ts', 'the architecture is that', [
    "the architecture is the option's and not the checkpoint's",
    TRAIN,
    'const arch = card?.arch ?? options.arch;',
    'const arch = options.arch;',
  ]),
  ...noticedBy(
    'cli/train.node.test.ts',
    'pretrain does what its options say',
    ['--temperature is ignored', PRETRAIN, "temperature: 'temperature',", "temperature: 'alpha',"],
    ['--lr is ignored', HABITS, 'accumulate: options.accumulate, lr,', 'accumulate: options.accumulate, lr: 0.01,'],
    ['--projection is ignored', PRETRAIN, 'projector: { out: options.projection }', 'projector: { out: 256 }'],
    ['--crop-scale is ignored', PRETRAIN, 'scale: [cropScale, 1]', 'scale: [0.2, 1]'],
    ['--brightness is ignored', PRETRAIN, '...(brightness !== undefined && { brightness }),', ''],
    ['--contrast is ignored', PRETRAIN, '...(contrast !== undefined && { contrast }),', ''],
    ['--images is ignored', PRETRAIN, 'given.images === undefined', 'true'],
    [
      '--stem and --width are ignored',
      PRETRAIN,
      'encoder: encoderOptions(options, arch, views.augmentation.size ?? commonSize(train.sizes)),',
      'encoder: {},',
    ],
  ),
  ...noticedBy(
    'cli/train.node.test.ts',
    'an interrupt saves the model',
    ['an interrupt does not save', SAVING, 'now.final || isInterrupted ?', 'now.final ?'],
    ['an interrupt is not heard', SAVING, 'interruption.signal.aborted && ', 'false && '],
    ['only SIGINT is heard', SIGNALS, "['SIGINT', 'SIGTERM', 'SIGHUP']", "['SIGINT']"],
    ['the folder stays locked', FOLDER, 'finally {\n    release();', 'finally {'],
  ),
  ...noticedBy('cli/train.node.test.ts', 'an interrupt before the first step', [
    'a run that was not trained goes on',
    SAVING,
    'if (isInterrupted && !isTrained)',
    'if (false)',
  ]),
  ...noticedBy(
    'cli/train.node.test.ts',
    'each file of a run',
    [
      'checkpoints are written in place',
      FINE_TUNE,
      'writeWhole(path, bytes)',
      "import('node:fs/promises').then((fs) => fs.writeFile(path, bytes))",
    ],
    [
      'results are written in place',
      'src/cli/report.ts',
      'await writeWhole(numbers, ',
      "await (await import('node:fs/promises')).writeFile(numbers, ",
    ],
  ),
  ...noticedBy('cli/train.node.test.ts', 'a second run into the folder', [
    'a folder of another run is written to',
    FOLDER,
    'found.length === 0 || overwrite',
    'true',
  ]),
  ...noticedBy(
    'cli/run_folder.node.test.ts',
    '',
    ['a lock is not looked at', FOLDER, 'const isStale = !(await isHeld(file));', 'const isStale = true;'],
    ['a lock of a program that has ended holds', FOLDER, "codeOf(error) !== 'ESRCH'", 'true'],
    [
      '--overwrite leaves what the other run left',
      FOLDER,
      'for (const name of await filesIn(path)) {',
      'for (const name of []) {',
    ],
    ['checkpoints are not known as files of runs', FOLDER, '(jsonl|csv|tensorboard|safetensors|', '(jsonl|'],
    ['a folder stays that was made in vain', FOLDER, 'rmdirSync(folder);', ''],
  ),
  ...noticedBy(
    'files.node.test.ts',
    '',
    ['a part stays on a full disk', FILES, 'await rm(part, { force: true });', ''],
    ['files are written in place', FILES, 'const part = `${place}.${process.pid}.part`;', 'const part = place;'],
    ['devices are replaced', FILES, 'if (there && !there.isFile() && !there.isDirectory())', 'if (false)'],
    ['links are replaced', FILES, 'await realpath(path).catch(() => path)', 'path'],
    ['a full disk has no reason', FILES, '  ENOSPC: `the disk is full; ${FULL}`,\n', ''],
  ),
  ...noticedBy('cli/signals.node.test.ts', 'a second one ends', [
    'a second signal is not heard',
    SIGNALS,
    'if (controller.signal.aborted) {',
    'if (false) {',
  ]),
  ...noticedBy('cli/signals.node.test.ts', 'output nobody reads goes on', [
    'a closed pipe ends the program',
    'src/cli/main.ts',
    'outliveOutput();',
    '',
  ]),
  ...noticedBy(
    'cli/demo.node.test.ts',
    '',
    ['the demo runs only COIN', 'src/cli/demo.ts', '[ceTuning, scl, coin];', '[coin];'],
    ['the demo does not load its encoder', FINE_TUNE, 'if (weights && !from)', 'if (weights && false)'],
  ),
  ...noticedBy('weights/safetensors.test.ts', 'hinders none', [
    'an element type that nobody needs is damage',
    'src/weights/safetensors.ts',
    "typeof dtype !== 'string'",
    '!isDType(dtype)',
  ]),
];
