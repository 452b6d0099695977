// How a run is optimized and which of its models it keeps: the options of every command that trains, and what they become.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { batchSizes, holdOut } from '../data/sampler.ts';
import { isViT } from '../nn/model.ts';
import { DECAYS, type Decay } from '../optim/layer_decay.ts';
import { LEFTOVERS, type Leftover, microBatchesOf, type ScheduleOptions } from '../optim/schedule.ts';
import { SELECTIONS, type Selection } from './best.node.ts';
import { fraction, integer, isGiven, nonNegative, number, positive, positiveInteger, refuseIdle } from './options.ts';
import { addFolderOptions, type FolderOptions, type SaveOptions } from './run_folder.node.ts';
import { OPTIMIZERS, type Settings } from './setup.ts';
import { addTuneOptions, type TuneOptions } from './tune.ts';

export interface Habits {
  readonly epochs: number;
  readonly steps?: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly leftover: Leftover;
  readonly dropLast?: boolean;
  readonly optimizer: (typeof OPTIMIZERS)[number];
  readonly lr: number;
  readonly warmup: number;
  readonly minLr: number;
  readonly momentum: number;
  readonly betas: string;
  readonly weightDecay: number;
  readonly decay: Decay;
  readonly layerDecay?: number;
  readonly clip?: number;
  readonly ema?: number;
  readonly freeze?: string;
  readonly select: Selection;
  readonly heldOut: number;
  readonly evaluateEvery: number;
  readonly seed: number;
}

/** What every command that trains is told besides what it trains. */
export interface RunningOptions extends Habits, FolderOptions, SaveOptions, TuneOptions {
  readonly describe?: boolean;
  readonly profile?: boolean;
}

const USUAL: Partial<Habits> = { leftover: 'step', select: 'last', heldOut: 0.1 };

/** What AdamW does unless told otherwise. */
const BETAS = '0.9,0.999';

/** Adds all that commands which train have in common; what has no default here is left to the command. */
export function addRunningOptions(command: Command, defaults: Partial<Habits>): Command {
  const usual: Partial<Habits> = { ...USUAL, ...defaults };
  const chosen = (flags: string, description: string, choices: readonly string[], value?: string) =>
    new Option(flags, description).choices(choices).default(value);
  addTuneOptions(addFolderOptions(command))
    .addOption(number('--epochs <n>', 'epochs, those of all stages together', positiveInteger, usual.epochs))
    .addOption(number('--steps <n>', 'optimizer steps, in place of --epochs', positiveInteger))
    .addOption(number('--batch <n>', 'images of a micro-batch', positiveInteger, usual.batch))
    .addOption(number('--accumulate <n>', 'micro-batches of an optimizer step', positiveInteger, usual.accumulate))
    .addOption(
      chosen(
        '--leftover <rule>',
        'micro-batches left at the end of an epoch: a step of their own, or carried over',
        LEFTOVERS,
        usual.leftover,
      ),
    )
    .option('--drop-last', "leave out an epoch's last batch where it is short")
    .addOption(chosen('--optimizer <name>', 'SGD with momentum, or AdamW', OPTIMIZERS, usual.optimizer))
    .addOption(number('--lr <rate>', 'largest learning rate; falls along a cosine', positive, usual.lr))
    .addOption(number('--warmup <epochs>', 'the rate first rises for so long', nonNegative, usual.warmup))
    .addOption(number('--min-lr <rate>', 'what the learning rate falls to', nonNegative, usual.minLr))
    .addOption(number('--momentum <m>', 'of SGD', fraction, usual.momentum))
    .addOption(new Option('--betas <b1,b2>', 'of AdamW').argParser(betasText).default(usual.betas))
    .addOption(
      number('--weight-decay <w>', 'of all parameters, or of those of --decay', nonNegative, usual.weightDecay),
    )
    .addOption(chosen('--decay <what>', 'what decays: all, or matrices and no biases and norms', DECAYS, usual.decay))
    .addOption(number('--layer-decay <f>', "factor of the rate from one of a ViT's layers to the one below", fraction))
    .addOption(number('--clip <norm>', 'largest norm of all gradients of a step together', positive))
    .addOption(number('--ema <decay>', 'evaluate and keep a moving average of the weights', fraction))
    .option(
      '--freeze <parts>',
      'do not train these parts of the encoder, such as conv1,bn1,layer1; "all": a linear probe',
    )
    .addOption(
      chosen(
        '--select <rule>',
        "which epoch's model is the run's: best-val by held-out training images; best-test by the test images, as the paper's code, which flatters",
        SELECTIONS,
        usual.select,
      ),
    )
    .addOption(
      number('--held-out <share>', 'share of the training images held out for best-val', fraction, usual.heldOut),
    )
    .addOption(number('--evaluate-every <n>', 'epochs between evaluations', positiveInteger, usual.evaluateEvery))
    .addOption(number('--seed <n>', 'fixes first values, order and augmentation', integer, usual.seed))
    .option('--describe', "print each stage's dispatches by layer")
    .option(
      '--profile',
      "time a step of each stage: print its dispatches, longest first, and write a trace to the run's folder",
    );
  return refuseIdle(command, { idle: { steps: ['epochs'], layerDecay: ['decay'] } });
}

/** The habits of the paper's fine-tuning. */
export const PAPER = {
  ...{ epochs: 100, batch: 64, accumulate: 4, lr: 0.01, warmup: 0, minLr: 0, optimizer: 'sgd', momentum: 0.9 },
  ...{ betas: BETAS, weightDecay: 1e-4, decay: 'all', evaluateEvery: 1, seed: 42 },
} as const satisfies Partial<Habits>;

/**
 * The settings that habits become; where they are the usual ones many are absent, so that results tell of others only.
 * `schedule` is that of a recipe. Throws where one of them contradicts another.
 */
export function habitsOf(options: Habits, schedule?: ScheduleOptions) {
  const { warmup, minLr, lr, epochs, layerDecay, steps, clip, ema, freeze, betas } = options;
  if (minLr > lr) throw new Error(`--min-lr ${minLr} is above --lr ${lr}, from which the rate falls.`);
  if (steps === undefined && warmup > epochs)
    throw new Error(`--warmup ${warmup} is longer than the whole run, which has ${epochs} epochs.`);
  return {
    ...{ batch: options.batch, accumulate: options.accumulate, lr, momentum: options.momentum },
    ...{ weight_decay: options.weightDecay, seed: options.seed, evaluateEvery: options.evaluateEvery },
    ...(options.optimizer !== 'sgd' && { optimizer: options.optimizer }),
    ...(options.optimizer === 'adamw' && betas !== BETAS && { betas: betasOf(betas) }),
    ...(options.decay !== 'all' && { decay: options.decay }),
    ...(layerDecay !== undefined && { layer_decay: layerDecay }),
    ...((warmup > 0 || minLr > 0 || schedule) && {
      schedule: {
        ...(schedule ?? (warmup > 0 && { shape: 'warmup_cosine', changes: 'step' })),
        floor: minLr,
        ...((warmup > 0 || schedule) && { warmup_epochs: warmup }),
      },
    }),
    ...(options.leftover !== 'step' && { leftover: options.leftover }),
    ...(options.dropLast && { drop_last: true }),
    ...(steps !== undefined && { steps }),
    ...(clip !== undefined && { max_norm: clip }),
    ...(options.select !== 'last' && { select: options.select }),
    ...(options.select === 'best-val' && { held_out: options.heldOut }),
    ...(ema !== undefined && { ema }),
    ...(freeze !== undefined && {
      freeze: freeze.split(',').map((part) => (part === 'all' ? 'encoder' : `encoder.${part.trim()}`)),
    }),
  } satisfies Partial<Settings>;
}

/** Throws when one of the given habits would change nothing. */
export function refuseIdleHabits(command: Command, options: Habits, arch: Settings['arch']): void {
  const given = (name: keyof Habits) => isGiven(command, name);
  if (given('heldOut') && options.select !== 'best-val')
    throw new Error('--held-out has no effect without --select best-val; give both or none.');
  if (given('momentum') && options.optimizer === 'adamw')
    throw new Error('--momentum has no effect: AdamW does not read it; leave it out.');
  if (given('betas') && options.optimizer === 'sgd')
    throw new Error('--betas has no effect: SGD does not read it; leave it out.');
  if (options.layerDecay !== undefined && !isViT(arch))
    throw new Error(`--layer-decay has no effect: a ${arch} is no vision transformer; leave it out.`);
}

/** Of the images to train on those that are held out, where the model is chosen by them, and the rest. */
export const splitOff = (
  images: Uint32Array<ArrayBuffer>,
  labels: Int32Array,
  { select, heldOut, seed }: Habits,
): { indices: Uint32Array<ArrayBuffer>; heldOut?: Uint32Array } => {
  if (select !== 'best-val') return { indices: images };
  const { rest, heldOut: held } = holdOut(images, labels, heldOut, seed);
  return { indices: rest, heldOut: held };
};

/** The epochs that the steps take where those are given: the last of them may not be a whole one. */
export function epochsOf(
  { epochs, steps, batch, accumulate, dropLast = false, leftover }: Habits,
  images: number,
): number {
  if (steps === undefined) return epochs;
  const microBatches = batchSizes(images, batch, { drop_last: dropLast }).length;
  return Math.ceil(microBatchesOf(steps, microBatches, accumulate, leftover) / microBatches);
}

/** Throws where the images do not fill a batch. */
export function checkBatch(batch: number, images: number): void {
  if (batch > images) throw new Error(`A batch of ${batch} cannot be made: there are ${images} training images.`);
}

/** A parser of AdamW's two decays; gives the text again. */
function betasText(text: string): string {
  betasOf(text);
  return text;
}

function betasOf(text: string): [number, number] {
  const [first = Number.NaN, second = Number.NaN, ...more] = text.split(',').map(Number);
  const isBeta = (value: number) => value >= 0 && value < 1;
  if (!isBeta(first) || !isBeta(second) || more.length > 0)
    throw new InvalidArgumentError('It must be two numbers from 0 to below 1, such as 0.9,0.95.');
  return [first, second];
}
