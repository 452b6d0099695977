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
import { augmentOption, chooseViews } from './augmentation.ts';
import { guarded } from './errors.ts';
import {
  addRunningOptions,
  checkBatch,
  epochsOf,
  habitsOf,
  type RunningOptions,
  refuseIdleHabits,
  splitOff,
} from './habits.ts';
import { viewSize, withData } from './load_data.ts';
import { addModelOptions, encoderOptions, imageSizeOf, type ModelOptions } from './model_options.ts';
import { runOne } from './one_run.ts';
import {
  belowOne,
  flagOf,
  fraction,
  isGiven,
  isSet,
  nonNegative,
  number,
  positive,
  positiveInteger,
  refuseIdle,
} from './options.ts';
import { inRunFolder, type RunFolder } from './run_folder.node.ts';
import type { Settings } from './setup.ts';

interface PretrainOptions extends ModelOptions, RunningOptions {
  readonly method: string;
  readonly images?: number;
  readonly augment?: PresetName;
  readonly cropScale?: number;
  readonly brightness?: number;
  readonly contrast?: number;
}

/** The options that only some methods read, and the settings that they become. */
const OF_METHODS = {
  temperature: 'temperature',
  queue: 'queue_length',
  keyMomentum: 'key_momentum',
  groups: 'batch_norm_groups',
  maskRatio: 'mask_ratio',
  normPix: 'norm_pix',
  decoderDim: 'decoder_dim',
  decoderDepth: 'decoder_depth',
  decoderHeads: 'decoder_heads',
} as const satisfies Record<string, keyof MethodConfig>;

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
  addRunningOptions(addModelOptions(command, {}), { seed: 0 })
    .addOption(number('--images <n>', 'images to train on, chosen by the seed (default: all)', positiveInteger))
    .addOption(number('--temperature <tau>', 'temperature of the contrastive loss', positive))
    .addOption(number('--queue <n>', 'negative keys that MoCo holds', positiveInteger))
    .addOption(number('--key-momentum <m>', "of MoCo's key encoder", fraction))
    .addOption(number('--groups <n>', 'parts of a batch that MoCo normalises each by itself', positiveInteger))
    .addOption(number('--mask-ratio <share>', 'of patches that MAE hides', belowOne))
    .option('--no-norm-pix', 'MAE predicts pixels as they are, not less the mean of their patch and over its deviation')
    .addOption(number('--decoder-dim <n>', "channels of MAE's decoder", positiveInteger))
    .addOption(number('--decoder-depth <n>', 'its blocks', positiveInteger))
    .addOption(number('--decoder-heads <n>', 'its heads', positiveInteger))
    .addOption(augmentOption())
    .addOption(number('--crop-scale <share>', 'smallest crop as a share of the area', fraction))
    .addOption(number('--brightness <b>', 'strength of the brightness jitter', nonNegative))
    .addOption(number('--contrast <c>', 'strength of the contrast jitter', nonNegative))
    .action(
      guarded((options: PretrainOptions) =>
        inRunFolder('pretrain', options, (folder) =>
          withData(options, options.imageSize ?? 0, (images) => pretrain(images, command, folder, request)),
        ),
      ),
    );
  refuseIdle(command, { idle: { augment: ['cropScale', 'brightness', 'contrast'] } });
}

async function pretrain(
  images: OpenedDataset,
  command: Command,
  folder: RunFolder,
  request: typeof requestDevice,
): Promise<void> {
  const { train } = images;
  const given = command.opts<Partial<PretrainOptions> & Pick<PretrainOptions, 'method' | 'seed'>>();
  const method = pretrainMethods.find(({ name }) => name === given.method) as PretrainMethod;
  const { length } = train.labels;
  const chosen = given.images === undefined ? allIndices(length) : subset(length, given.images, given.seed);
  const sideOf = (imageSize: number | undefined) =>
    Math.min(...(viewSize(train, imageSize).size ?? commonSize(train.sizes) ?? []));
  // A transformer's patches may ask for views of another size than the images', and the recipe goes by the views.
  const arch = given.arch ?? method.recipe(sideOf(given.imageSize)).arch;
  const imageSize = imageSizeOf(given, arch, train);
  const side = sideOf(imageSize);
  const recipe = method.recipe(side);
  const { indices, heldOut } = splitOff(chosen, train.labels, command.opts());
  const options = takeRecipe(command, method, { ...recipe, arch }, indices.length);
  checkBatch(options.batch, indices.length);
  refuseIdleHabits(command, options, arch);
  const views = chooseViews(train, { ...options, imageSize }, recipeViews(recipe, side, options));
  const epochs = epochsOf(options, indices.length);
  const settings: Settings = {
    arch,
    encoder: encoderOptions(options, arch, views.augmentation.size ?? commonSize(train.sizes)),
    ...(method.projector && { projector: { out: options.projection } }),
    ...{ epochs, alpha: 0, lambda: 0, temperature: 1, variant: 'paper', label_smoothing: 0 },
    ...configOf(command, method),
    ...views,
    ...habitsOf(options, recipe.schedule?.({ ...options, batch: options.batch * options.accumulate })),
    nesterov: false,
  };
  console.error(recipeLine(method, settings));
  await runOne({ ...{ method, settings, images, indices, heldOut }, ...{ command, options, folder, request } });
}

/**
 * The options with the recipe's where the command line and the settings' file say nothing; the command then has all of them, so
 * that the run's settings do. Throws where one was given that would change nothing.
 */
function takeRecipe(command: Command, method: PretrainMethod, recipe: Recipe, images: number): PretrainOptions {
  const take = <K extends keyof PretrainOptions>(name: K, otherwise: PretrainOptions[K]): PretrainOptions[K] => {
    if (!isSet(command, name)) command.setOptionValueWithSource(name, otherwise, 'default');
    return command.getOptionValue(name);
  };
  const { config } = recipe;
  const isRead = (name: keyof typeof OF_METHODS) => method.settings(command.opts()).includes(OF_METHODS[name]);
  const names = Object.keys(OF_METHODS) as (keyof typeof OF_METHODS)[];
  const idle = [
    ...names.filter((name) => !isRead(name)),
    ...(method.projector ? [] : ['projection']),
    ...(method.create ? ['dropPath'] : []),
  ].find((name) => isGiven(command, name));
  if (idle) throw new Error(`${flagOf(idle)} has no effect: ${method.title} does not read it; leave it out.`);
  const own: Partial<Record<string, unknown>> = { ...config };
  const takeOwn = (name: keyof typeof OF_METHODS) => {
    const value = own[OF_METHODS[name]];
    if (value !== undefined && !isSet(command, name)) command.setOptionValueWithSource(name, value, 'default');
  };
  takeOwn('groups');
  const groups = command.getOptionValue('groups') as number | undefined;
  // A batch that few images fill is smaller, in whole parts.
  const most = groups ? Math.max(groups, images - (images % groups)) : images;
  const batch = take('batch', Math.min(recipe.batch, most));
  // So is a step: an epoch has some of them.
  const accumulate = take(
    'accumulate',
    Math.max(1, Math.min(recipe.accumulate ?? 1, Math.floor(images / batch / STEPS))),
  );
  const epochs = take('epochs', recipe.epochs);
  // More keys than half of the images would hold the queries' own.
  const longest = Math.max(batch, Math.floor(images / 2 / batch) * batch);
  if (config.queue_length !== undefined) own.queue_length = Math.min(config.queue_length, longest);
  for (const name of names) takeOwn(name);
  const lr = take('lr', (recipe.lr * batch * accumulate) / 256);
  const { warmup_epochs = 0, floor = 0 } = recipe.schedule?.({ lr, batch: batch * accumulate, epochs }) ?? {};
  take('arch', recipe.arch);
  take('warmup', warmup_epochs);
  take('minLr', floor);
  take('optimizer', recipe.optimizer);
  take('momentum', recipe.momentum ?? 0.9);
  take('betas', (recipe.betas ?? [0.9, 0.999]).join(','));
  take('weightDecay', recipe.weight_decay);
  take('decay', recipe.decay ?? 'all');
  take('dropLast', recipe.drop_last);
  take('projection', recipe.projection ?? 256);
  take('evaluateEvery', Math.max(1, Math.round(epochs / 20)));
  return command.opts();
}

/** Steps that an epoch has at least, where a recipe sums up micro-batches. */
const STEPS = 16;

/** The settings of the method's own options. */
const configOf = (command: Command, method: PretrainMethod): Partial<MethodConfig> =>
  Object.fromEntries(
    Object.entries(OF_METHODS)
      .filter(([, setting]) => method.settings(command.opts()).includes(setting))
      .map(([name, setting]) => [setting, command.getOptionValue(name)]),
  );

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

const recipeLine = ({ title }: PretrainMethod, settings: Settings): string => {
  const { arch, epochs, batch, accumulate, lr, queue_length, batch_norm_groups, mask_ratio } = settings;
  const times = accumulate > 1 ? ` × ${accumulate}` : '';
  return [
    `${title}: ${arch}, ${epochs} epochs, batch ${batch}${times}, learning rate ${lr.toPrecision(3)}`,
    ...(queue_length ? [`a queue of ${queue_length} keys, batches normalised in ${batch_norm_groups} parts`] : []),
    ...(mask_ratio !== undefined ? [`${100 * mask_ratio} % of the patches hidden`] : []),
  ].join(', ');
};
