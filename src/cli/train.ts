import { Command } from 'commander';
import type { PresetName } from '../data/augment/presets.ts';
import { commonSize } from '../data/dataset.ts';
import type { OpenedDataset } from '../data/load.node.ts';
import { allIndices, stratifiedSubset } from '../data/sampler.ts';
import type { Method } from '../methods/method.ts';
import { isViT } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { augmentOption, chooseViews } from './augmentation.ts';
import { guarded } from './errors.ts';
import type { Attendant } from './fine_tune.ts';
import {
  addRunningOptions,
  checkBatch,
  epochsOf,
  habitsOf,
  PAPER,
  type RunningOptions,
  refuseIdleHabits,
  splitOff,
} from './habits.ts';
import { withData } from './load_data.ts';
import {
  addMethodOptions,
  type MethodOptions,
  methodOf,
  methodSettings,
  OF_METHODS,
  takeDefaults,
} from './method_options.ts';
import { addModelOptions, encoderOptions, imageSizeOf, type ModelOptions } from './model_options.ts';
import { type Ended, type OneRun, runOne } from './one_run.ts';
import { flagOf, fraction, isGiven, number, positiveInteger, refuseIdle } from './options.ts';
import { inRunFolder } from './run_folder.node.ts';
import type { Settings } from './setup.ts';
import { cardOf, checkChannels, type ModelCard, readWeights, type Weights } from './weights.ts';

interface TrainOptions extends MethodOptions, ModelOptions, RunningOptions {
  readonly weights?: string;
  readonly partial?: boolean;
  readonly augment?: PresetName;
  readonly cropScale: number;
  readonly labels?: number;
  readonly balanced?: boolean;
  readonly perClass?: number;
}

export function addTrain(program: Command, request: typeof requestDevice): void {
  declareTrain(program).action(
    guarded(async (options: TrainOptions, command: Command) =>
      console.log((await trainAsTold(options, command, request)).told),
    ),
  );
}

/**
 * Does what `coin train` does with these arguments, as a part of something larger: throws what goes wrong and leaves it to the caller
 * to print what came of it.
 */
export async function trainWith(
  args: readonly string[],
  request: typeof requestDevice,
  attendant?: Attendant,
): Promise<Ended> {
  const program = new Command().exitOverride();
  const ended: Ended[] = [];
  declareTrain(program)
    .exitOverride()
    .action(async (options: TrainOptions, command: Command) => {
      ended.push(await trainAsTold(options, command, request, attendant));
    });
  await program.parseAsync(['train', ...args], { from: 'user' });
  return ended[0] as Ended;
}

function declareTrain(program: Command): Command {
  const train = program
    .command('train')
    .description("fine-tune an encoder by one method; hyper-parameters default to its authors'");
  addRunningOptions(addModelOptions(addMethodOptions(train), { arch: 'resnet8', projection: 256 }), PAPER)
    .option('--weights <file>', 'checkpoint to start from, safetensors or of PyTorch (default: random values)')
    .option('--partial', 'load from the checkpoint what matches the encoder, and keep first values elsewhere')
    .option('--balanced', 'draw each class equally often')
    .addOption(number('--per-class <k>', 'images of a class that a batch has together, as positives', positiveInteger))
    .addOption(augmentOption())
    .addOption(number('--crop-scale <share>', 'smallest crop as a share of the area', fraction, 0.08))
    .addOption(number('--labels <n>', 'labelled images of each class (default: all)', positiveInteger));
  return refuseIdle(train, {
    idle: { augment: ['cropScale'] },
    needs: { partial: 'weights', coinTemperature: 'coinAlpha' },
  });
}

function trainAsTold(
  options: TrainOptions,
  command: Command,
  request: typeof requestDevice,
  attendant?: Attendant,
): Promise<Ended> {
  const method = methodOf(options);
  takeDefaults(command, method);
  const settled = command.opts<TrainOptions>();
  return inRunFolder('train', settled, (folder) =>
    withData(settled, settled.imageSize ?? 0, (images) =>
      fineTune(settled, method, images, command, { folder, request, attendant }),
    ),
  );
}

async function fineTune(
  options: TrainOptions,
  method: Method,
  images: OpenedDataset,
  command: Command,
  run: Pick<OneRun, 'folder' | 'request' | 'attendant'>,
): Promise<Ended> {
  const { train } = images;
  const weights = options.weights === undefined ? undefined : await readWeights(options.weights);
  // What matches only in part is of another encoder than the one asked for.
  const card =
    weights && cardOf(weights, { recognize: !options.partial, stem: options.stem, global_pool: !options.clsToken });
  const { labels, classes } = train;
  const labelled =
    options.labels === undefined
      ? allIndices(labels.length)
      : stratifiedSubset(labels, classes, options.labels, options.seed);
  const { indices, heldOut } = splitOff(labelled, labels, options);
  checkBatch(options.batch, indices.length);
  const fits = card?.encoder.channels === train.channels;
  if (card && !options.partial) checkChannels(weights.path, card, train);
  const arch = card?.arch ?? options.arch;
  refuseIdleHabits(command, options, arch);
  const imageSize = imageSizeOf(options, arch, train, card);
  const views = chooseViews(train, { ...options, imageSize }, { crop: { scale: [options.cropScale, 1] }, flip: 0.5 });
  const settings: Settings = {
    arch,
    encoder: { ...card?.encoder, ...encoderOptions(options, arch, views.augmentation.size ?? commonSize(train.sizes)) },
    projector: { out: options.projection },
    ...methodSettings(options, method, epochsOf(options, indices.length)),
    ...views,
    ...habitsOf(options),
    ...(options.balanced && { balanced: true }),
    ...(options.perClass !== undefined && { per_class: options.perClass }),
  };
  const given = new Set(Object.keys(options).filter((name) => isGiven(command, name)));
  refuseWithoutEffect(given, method, settings);
  if (weights && card) refuseContradictions(given, options, weights, card);
  if (weights && card && weights.metadata.arch === undefined) {
    console.error(`${weights.path} holds a ${describeCard(card)}, by its tensors.`);
  }
  console.error(
    `encoder: ${arch}, ${weights ? `from ${weights.path}` : 'from random values, since no --weights are given'}`,
  );
  return runOne({
    ...{ method, settings, images, indices, heldOut, weights, partial: options.partial },
    // An encoder goes on to see images as it was trained to.
    statistics: fits ? card?.statistics : undefined,
    ...{ command, options, ...run },
  });
}

/** Throws when one of the given options would change nothing. */
function refuseWithoutEffect(given: ReadonlySet<string>, method: Method, settings: Settings): void {
  const read = method.settings(settings);
  const idle = [...given].find((name) => {
    const setting = OF_METHODS[name as keyof typeof OF_METHODS];
    return setting ? !read.includes(setting) : name === 'projection' && !method.projector;
  });
  if (idle === undefined) return;
  const where = read.includes('alpha') && given.has('alpha') ? ` with --alpha ${settings.alpha}` : '';
  throw new Error(`${flagOf(idle)} has no effect: ${method.title}${where} does not read it; leave it out.`);
}

/** Throws when one of the given options says something else of the encoder than the checkpoint. */
function refuseContradictions(
  given: ReadonlySet<string>,
  options: Pick<TrainOptions, 'arch' | 'width' | 'stem'>,
  { path, tensors }: Weights,
  card: ModelCard,
): void {
  const { arch, encoder } = card;
  const own = { arch, ...encoder };
  for (const name of ['arch', 'width', 'stem'] as const)
    if (given.has(name) && options[name] !== own[name])
      throw new Error(
        `--${name} ${options[name]} contradicts ${path}, which holds a ${describeCard(card)}; leave it out.`,
      );
  // Masked autoencoders leave open which features are taken: their last norm is of all tokens.
  if (given.has('clsToken') && encoder.global_pool !== false && !tensors.has('encoder.norm.weight'))
    throw new Error(`--cls-token contradicts ${path}, which holds a ${describeCard(card)}; leave it out.`);
}

/** An encoder in the words of the options that make it. */
const describeCard = ({ arch, encoder: { width, stem, global_pool } }: Pick<ModelCard, 'arch' | 'encoder'>): string =>
  isViT(arch) ? `${arch}${global_pool ? '' : ' with --cls-token'}` : `${arch} with --width ${width} --stem ${stem}`;
