import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import { type PresetName, presetOf } from '../data/augment/presets.ts';
import type { Augmentation } from '../data/augment.ts';
import { commonSize } from '../data/dataset.ts';
import type { OpenedDataset } from '../data/load.node.ts';
import { allIndices, subset } from '../data/sampler.ts';
import { pretrainMethods } from '../methods/index.ts';
import type { MethodConfig } from '../methods/method.ts';
import type { PretrainMethod, Recipe } from '../methods/recipe.ts';
import type { requestDevice } from '../node.ts';
import type { Run, Trained } from '../report/data.ts';
import { textTable } from '../report/table.ts';
import { augmentOption, chooseViews } from './augmentation.ts';
import { guarded } from './errors.ts';
import { runMethod } from './fine_tune.ts';
import { type DataOptions, onDevice, viewSize, withData } from './load_data.ts';
import {
  everyOf,
  flagOf,
  fraction,
  integer,
  isGiven,
  nonNegative,
  number,
  positive,
  positiveInteger,
  refuseIdle,
} from './options.ts';
import { reportData, withFinal, writeReport } from './report.ts';
import {
  addFolderOptions,
  type FolderOptions,
  inRunFolder,
  type RunFolder,
  type SaveOptions,
} from './run_folder.node.ts';
import { settingsText } from './settings.node.ts';
import { type Settings, setupOf } from './setup.ts';
import { addModelOptions, checkBatch, encoderOptions, imageSizeOf } from './train.ts';
import { noTuned, useTuned } from './tune.ts';

/** What the command line says besides the recipe. */
interface PretrainOptions extends DataOptions, FolderOptions, SaveOptions, RecipeOptions {
  readonly method: string;
  readonly imageSize?: number;
  readonly arch: Settings['arch'];
  readonly width?: number;
  readonly stem?: NonNullable<Settings['encoder']['stem']>;
  readonly dropPath?: number;
  readonly clsToken?: boolean;
  readonly images?: number;
  readonly augment?: PresetName;
  readonly cropScale?: number;
  readonly brightness?: number;
  readonly contrast?: number;
  readonly seed: number;
  readonly tuned: boolean;
}

/** What the method's recipe says where the command line does not. */
interface RecipeOptions {
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly projection: number;
  readonly evaluateEvery: number;
  readonly temperature?: number;
  readonly queue?: number;
  readonly keyMomentum?: number;
  readonly groups?: number;
}

export function addPretrain(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('pretrain')
    .description(
      "make a self-supervised checkpoint from images, without labels; what is not given is the method's recipe",
    )
    .addOption(
      new Option('--method <name>', 'method of pre-training')
        .choices(pretrainMethods.map(({ name }) => name))
        .default('simclr'),
    );
  addFolderOptions(addModelOptions(command))
    .addOption(number('--epochs <n>', 'epochs', positiveInteger))
    .addOption(number('--images <n>', 'images to train on, chosen by the seed (default: all)', positiveInteger))
    .addOption(number('--batch <n>', 'images of a step', positiveInteger))
    .addOption(number('--lr <rate>', 'largest learning rate', positive))
    .addOption(number('--momentum <m>', 'of SGD', fraction))
    .addOption(number('--weight-decay <w>', 'on all parameters', nonNegative))
    .addOption(number('--temperature <tau>', 'temperature of the contrastive loss', positive))
    .addOption(number('--queue <n>', 'negative keys that MoCo holds', positiveInteger))
    .addOption(number('--key-momentum <m>', "of MoCo's key encoder", fraction))
    .addOption(number('--groups <n>', 'parts of a batch that MoCo normalises each by itself', positiveInteger))
    .addOption(augmentOption())
    .addOption(number('--crop-scale <share>', 'smallest crop as a share of the area', fraction))
    .addOption(number('--brightness <b>', 'strength of the brightness jitter', nonNegative))
    .addOption(number('--contrast <c>', 'strength of the contrast jitter', nonNegative))
    .addOption(number('--evaluate-every <n>', 'epochs between two k-NN accuracies', positiveInteger))
    .addOption(number('--seed <n>', 'fixes first values, order and augmentation', integer, 0))
    .addOption(noTuned())
    .action(
      guarded((options: PretrainOptions) =>
        inRunFolder('pretrain', options, (folder) =>
          withData(options, options.imageSize ?? 0, (images) => pretrain(options, images, command, folder, request)),
        ),
      ),
    );
  refuseIdle(command, { idle: { augment: ['cropScale', 'brightness', 'contrast'] } });
}

async function pretrain(
  options: PretrainOptions,
  { train, test, classes }: OpenedDataset,
  command: Command,
  folder: RunFolder,
  request: typeof requestDevice,
): Promise<void> {
  const method = pretrainMethods.find(({ name }) => name === options.method) as PretrainMethod;
  const { length } = train.labels;
  const indices = options.images === undefined ? allIndices(length) : subset(length, options.images, options.seed);
  const imageSize = imageSizeOf(options, options.arch, train);
  const side = Math.min(...(viewSize(train, imageSize).size ?? commonSize(train.sizes) ?? []));
  const recipe = method.recipe(side);
  const own = ownOptions(command, recipe, indices.length);
  refuseWithoutEffect(command, method, recipe, own);
  checkBatch(own.batch, indices.length);
  const device = await request();
  console.error(device.description);
  await useTuned(device, options);
  const views = chooseViews(train, { ...options, imageSize }, recipeViews(recipe, side, options));
  const settings: Settings = {
    ...settingsOf({ ...options, ...own }, recipe),
    encoder: encoderOptions(options, options.arch, views.augmentation.size ?? commonSize(train.sizes)),
    ...views,
  };
  console.error(recipeLine(method, settings));
  const memory = { ...options, batch: own.batch };
  const data = await onDevice(device, train, memory);
  const setup = await setupOf(settings, { train, images: indices.length, test });
  await folder.begin(settingsText(command));
  const {
    run,
    final,
    checkpoint,
    device: last,
  } = await runMethod(device, {
    ...{ method, settings, setup, data, indices, request, bank: { data } },
    test: await onDevice(device, test, { ...memory, statistics: data }),
    out: folder.path,
    saveEvery: everyOf(options.saveEvery),
    keep: options.keep,
  });
  const report = {
    ...(await reportData(last, {
      title: `${method.title} on ${train.name}`,
      ...{ settings, images: indices.length, test, classes },
    })),
    ...beforeOf(run),
    runs: [withFinal(run, final)],
  };
  const { page } = await writeReport(folder.path, report, test);
  console.log(textTable(report));
  console.log(`\n${paceLine(run, indices.length)}`);
  console.log(`checkpoint: ${relative('', checkpoint)}, report: ${relative('', page)}`);
}

/** The recipe's options, where the command line gives others those; the command then has all of them, so that the run's settings do. */
function ownOptions(command: Command, recipe: Recipe, images: number): RecipeOptions {
  const take = <K extends keyof RecipeOptions>(name: K, otherwise: RecipeOptions[K]): NonNullable<RecipeOptions[K]> => {
    if (!isGiven(command, name)) command.setOptionValueWithSource(name, otherwise, 'default');
    return command.getOptionValue(name) as NonNullable<RecipeOptions[K]>;
  };
  const { temperature, queue_length, key_momentum, batch_norm_groups: parts } = recipe.config;
  const groups = parts && take('groups', parts);
  // A batch that few images fill is smaller, in whole parts.
  const most = groups ? Math.max(groups, images - (images % groups)) : images;
  const batch = take('batch', Math.min(recipe.batch, most));
  const epochs = take('epochs', recipe.epochs);
  // More keys than half of the images would hold the queries' own.
  const longest = Math.max(batch, Math.floor(images / 2 / batch) * batch);
  return {
    ...{ batch, epochs },
    lr: take('lr', (recipe.lr * batch) / 256),
    momentum: take('momentum', recipe.momentum),
    weightDecay: take('weightDecay', recipe.weight_decay),
    projection: take('projection', recipe.projection),
    evaluateEvery: take('evaluateEvery', Math.max(1, Math.round(epochs / 20))),
    ...(temperature !== undefined && { temperature: take('temperature', temperature) }),
    ...(groups && { groups }),
    ...(queue_length !== undefined && { queue: take('queue', Math.min(queue_length, longest)) }),
    ...(key_momentum !== undefined && { keyMomentum: take('keyMomentum', key_momentum) }),
  };
}

/** Throws when one of the given options would change nothing. */
function refuseWithoutEffect(command: Command, method: PretrainMethod, recipe: Recipe, own: RecipeOptions): void {
  const idle = [
    ...(['temperature', 'queue', 'keyMomentum', 'groups'] as const).filter((name) => own[name] === undefined),
    ...(recipe.optimizer === 'sgd' ? [] : ['momentum']),
    ...(method.projector ? [] : ['projection']),
  ].find((name) => isGiven(command, name));
  if (idle) throw new Error(`${flagOf(idle)} has no effect: ${method.title} does not read it; leave it out.`);
}

/** The recipe's views, of no size of their own, with what is given in place of theirs. */
function recipeViews({ augmentation }: Recipe, side: number, options: PretrainOptions): Augmentation {
  const { size: _, ...views }: Augmentation = presetOf(augmentation, side).train;
  const { cropScale, brightness, contrast } = options;
  return {
    ...views,
    ...(cropScale !== undefined && { crop: { scale: [cropScale, 1] } }),
    ...(brightness !== undefined && { brightness }),
    ...(contrast !== undefined && { contrast }),
  };
}

function settingsOf(
  options: PretrainOptions,
  { optimizer, betas, schedule, drop_last, config }: Recipe,
): Omit<Settings, 'augmentation' | 'encoder'> {
  const { epochs, batch, lr, temperature = 1, queue, keyMomentum, groups } = options;
  const own: MethodConfig = {
    ...{ epochs, alpha: 0, lambda: 0, temperature, variant: 'paper', label_smoothing: 0 },
    ...config,
    ...(options.temperature !== undefined && { temperature: options.temperature }),
    ...(queue !== undefined && { queue_length: queue }),
    ...(keyMomentum !== undefined && { key_momentum: keyMomentum }),
    ...(groups !== undefined && { batch_norm_groups: groups }),
  };
  return {
    ...own,
    arch: options.arch,
    projector: { out: options.projection },
    ...{ batch, accumulate: 1, lr, momentum: options.momentum, weight_decay: options.weightDecay },
    seed: options.seed,
    evaluateEvery: options.evaluateEvery,
    ...{ optimizer, nesterov: false, drop_last },
    ...(betas && { betas }),
    ...(schedule && { schedule: schedule({ lr, batch, epochs }) }),
  };
}

const recipeLine = ({ title }: PretrainMethod, settings: Settings): string => {
  const { epochs, batch, lr, queue_length, batch_norm_groups } = settings;
  return [
    `${title}: ${epochs} epochs, batch ${batch}, learning rate ${lr.toPrecision(3)}`,
    ...(queue_length ? [`a queue of ${queue_length} keys, batches normalised in ${batch_norm_groups} parts`] : []),
  ].join(', ');
};

/** The encoder before training, whose scores the curves begin with. */
function beforeOf({ evaluations: [first] }: Run) {
  if (first?.epoch !== 0) return {};
  const { epoch: _, ...scores } = first;
  return { before: { label: 'Random encoder', ...scores } };
}

const paceLine = ({ seconds, epochs, waiting }: Trained, images: number): string => {
  const rate = Math.round((epochs * images) / seconds).toLocaleString('en');
  return `${rate} images/s; steps waited for data ${(100 * (waiting ?? 0)).toFixed(1)} % of the time`;
};
