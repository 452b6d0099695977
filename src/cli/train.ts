import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import type { PresetName } from '../data/augment/presets.ts';
import { commonSize, type LabelledImages, type Size } from '../data/dataset.ts';
import type { OpenedDataset } from '../data/load.node.ts';
import { allIndices, batchSizes, holdOut, stratifiedSubset } from '../data/sampler.ts';
import type { Method } from '../methods/method.ts';
import { encoders, isViT } from '../nn/model.ts';
import { STEMS } from '../nn/resnet.ts';
import { VITS } from '../nn/vit.ts';
import type { requestDevice } from '../node.ts';
import { LEFTOVERS, type Leftover, microBatchesOf } from '../optim/schedule.ts';
import { classTable } from '../report/class_table.ts';
import type { ReportData } from '../report/data.ts';
import { textTable } from '../report/table.ts';
import { augmentOption, chooseViews } from './augmentation.ts';
import { SELECTIONS, type Selection } from './best.node.ts';
import { guarded } from './errors.ts';
import { runMethod } from './fine_tune.ts';
import { addDataOptions, type DataOptions, onDevice, withData } from './load_data.ts';
import {
  addMethodOptions,
  type MethodOptions,
  methodOf,
  methodSettings,
  OF_METHODS,
  takeDefaults,
} from './method_options.ts';
import {
  belowOne,
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
import { OPTIMIZERS, type Settings, setupOf } from './setup.ts';
import { addTuneOptions, type TuneOptions, useTuned } from './tune.ts';
import { cardOf, checkChannels, type ModelCard, readWeights } from './weights.ts';

interface TrainOptions extends MethodOptions, DataOptions, FolderOptions, SaveOptions, TuneOptions {
  readonly imageSize?: number;
  readonly weights?: string;
  readonly partial?: boolean;
  readonly arch: Settings['arch'];
  readonly width?: number;
  readonly stem?: keyof typeof STEMS;
  readonly dropPath?: number;
  readonly clsToken?: boolean;
  readonly epochs: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly projection: number;
  readonly augment?: PresetName;
  readonly cropScale: number;
  readonly labels?: number;
  readonly seed: number;
  readonly evaluateEvery: number;
  readonly optimizer: (typeof OPTIMIZERS)[number];
  readonly layerDecay?: number;
  readonly warmup: number;
  readonly minLr: number;
  readonly leftover: Leftover;
  readonly dropLast?: boolean;
  readonly steps?: number;
  readonly clip?: number;
  readonly balanced?: boolean;
  readonly ema?: number;
  readonly freeze?: string;
  readonly select: Selection;
  readonly heldOut: number;
  readonly describe?: boolean;
  readonly profile?: boolean;
}

/** Options that say what is trained on what; shared with `pretrain`. */
export function addModelOptions(command: Command): Command {
  return addDataOptions(command)
    .addOption(
      number(
        '--image-size <px>',
        "height and width of views (default: the images'; where they differ, about the median, at most 224; 224 where patches do not divide them)",
        positiveInteger,
      ),
    )
    .addOption(new Option('--arch <name>', 'encoder').choices(Object.keys(encoders)).default('resnet8'))
    .addOption(
      number('--width <n>', 'channels of the first stage (default: 64, resnet8 and resnet56: 16)', positiveInteger),
    )
    .addOption(
      new Option('--stem <kind>', 'first convolution (default: imagenet, resnet8: halving, resnet56: small)').choices(
        Object.keys(STEMS),
      ),
    )
    .addOption(number('--drop-path <rate>', "vit: probability that an image skips the last block's branches", belowOne))
    .option('--cls-token', "vit: features are the class token's, not the mean of all others")
    .addOption(number('--projection <n>', "features of the projector's output", positiveInteger, 256));
}

export function addTrain(program: Command, request: typeof requestDevice): void {
  const train = program
    .command('train')
    .description("fine-tune an encoder by one method; hyper-parameters default to its authors'");
  addTuneOptions(addFolderOptions(addModelOptions(addMethodOptions(train))))
    .option('--weights <file>', 'checkpoint to start from, safetensors or of PyTorch (default: random values)')
    .option('--partial', 'load from the checkpoint what matches the encoder, and keep first values elsewhere')
    .addOption(number('--epochs <n>', 'epochs of both stages together', positiveInteger, 100))
    .addOption(number('--steps <n>', 'optimizer steps, in place of --epochs', positiveInteger))
    .addOption(number('--batch <n>', 'images of a micro-batch', positiveInteger, 64))
    .addOption(number('--accumulate <n>', 'micro-batches of an optimizer step', positiveInteger, 4))
    .addOption(number('--lr <rate>', 'first learning rate; falls along a cosine, once an epoch', positive, 0.01))
    .addOption(
      number('--warmup <epochs>', 'the rate rises from 0 for so long, and changes with each step', nonNegative, 0),
    )
    .addOption(number('--min-lr <rate>', 'what the learning rate falls to', nonNegative, 0))
    .addOption(new Option('--optimizer <name>', 'SGD with momentum, or AdamW').choices(OPTIMIZERS).default('sgd'))
    .addOption(number('--momentum <m>', 'of SGD with Nesterov', fraction, 0.9))
    .addOption(number('--weight-decay <w>', 'on all parameters', nonNegative, 1e-4))
    .addOption(number('--layer-decay <f>', "factor of the rate from one of a ViT's layers to the one below", fraction))
    .addOption(number('--clip <norm>', 'largest norm of all gradients of a step together', positive))
    .addOption(number('--ema <decay>', 'evaluate and keep a moving average of the weights', fraction))
    .option(
      '--freeze <parts>',
      'do not train these parts of the encoder, such as conv1,bn1,layer1; "all": a linear probe',
    )
    .addOption(
      new Option(
        '--select <rule>',
        "which epoch's model is the run's: best-val by held-out training images; best-test by the test images, as the paper's code, which flatters",
      )
        .choices(SELECTIONS)
        .default('last'),
    )
    .addOption(number('--held-out <share>', 'share of the training images held out for best-val', fraction, 0.1))
    .option('--balanced', 'draw each class equally often')
    .option('--drop-last', "leave out an epoch's last batch where it is short")
    .addOption(
      new Option('--leftover <rule>', 'micro-batches left at the end of an epoch: a step of their own, or carried over')
        .choices(LEFTOVERS)
        .default('step'),
    )
    .addOption(augmentOption())
    .addOption(number('--crop-scale <share>', 'smallest crop as a share of the area', fraction, 0.08))
    .addOption(number('--labels <n>', 'labelled images of each class (default: all)', positiveInteger))
    .addOption(number('--evaluate-every <n>', 'epochs between evaluations', positiveInteger, 1))
    .addOption(number('--seed <n>', 'fixes first values, order and augmentation', integer, 42))
    .option('--describe', "print each stage's dispatches by layer")
    .option(
      '--profile',
      "time a step of each stage: print its dispatches, longest first, and write a trace to the run's folder",
    )
    .action(
      guarded((options: TrainOptions, command: Command) => {
        const method = methodOf(options);
        takeDefaults(command, method);
        const settled = command.opts<TrainOptions>();
        return inRunFolder('train', settled, (folder) =>
          withData(settled, settled.imageSize ?? 0, (images) =>
            fineTune(settled, method, images, command, folder, request),
          ),
        );
      }),
    );
  refuseIdle(train, {
    idle: { augment: ['cropScale'], steps: ['epochs'] },
    needs: { partial: 'weights', coinTemperature: 'coinAlpha' },
  });
}

async function fineTune(
  options: TrainOptions,
  method: Method,
  { train, test }: OpenedDataset,
  command: Command,
  folder: RunFolder,
  request: typeof requestDevice,
): Promise<void> {
  const weights = options.weights === undefined ? undefined : await readWeights(options.weights);
  // What matches only in part is of another encoder than the one asked for.
  const card =
    weights && cardOf(weights, { recognize: !options.partial, stem: options.stem, global_pool: !options.clsToken });
  const { labels, classes } = train;
  const labelled =
    options.labels === undefined
      ? allIndices(labels.length)
      : stratifiedSubset(labels, classes, options.labels, options.seed);
  const { rest: indices, heldOut } =
    options.select === 'best-val'
      ? holdOut(labelled, labels, options.heldOut, options.seed)
      : { rest: labelled, heldOut: undefined };
  checkBatch(options.batch, indices.length);
  const fits = card?.encoder.channels === train.channels;
  if (card && !options.partial) checkChannels(weights.path, card, train);
  const arch = card?.arch ?? options.arch;
  const imageSize = imageSizeOf(options, arch, train, card);
  const views = chooseViews(train, { ...options, imageSize }, { crop: { scale: [options.cropScale, 1] }, flip: 0.5 });
  const settings: Settings = {
    arch,
    encoder: { ...card?.encoder, ...encoderOptions(options, arch, views.augmentation.size ?? commonSize(train.sizes)) },
    projector: { out: options.projection },
    ...methodSettings(options, method, epochsOf(options, indices.length)),
    batch: options.batch,
    accumulate: options.accumulate,
    lr: options.lr,
    momentum: options.momentum,
    weight_decay: options.weightDecay,
    seed: options.seed,
    ...views,
    evaluateEvery: options.evaluateEvery,
    ...habitsOf(options),
  };
  const given = new Set(Object.keys(options).filter((name) => isGiven(command, name)));
  refuseWithoutEffect(given, method, settings);
  if (weights && card) refuseContradictions(given, options, weights.path, card);
  if (weights && card && weights.metadata.arch === undefined) {
    console.error(`${weights.path} holds a ${describeCard(card)}, by its tensors.`);
  }
  console.error(
    `encoder: ${arch}, ${weights ? `from ${weights.path}` : 'from random values, since no --weights are given'}`,
  );
  const device = await request();
  console.error(device.description);
  await useTuned(device, options);
  // An encoder goes on to see images as it was trained to.
  const data = await onDevice(device, train, { ...options, statistics: fits ? card?.statistics : undefined });
  await folder.begin(settingsText(command));
  const {
    run,
    final,
    checkpoint,
    device: last,
  } = await runMethod(device, {
    method,
    settings,
    setup: await setupOf(settings, { train, images: indices.length, test, weights }),
    data,
    indices,
    heldOut,
    test: await onDevice(device, test, { ...options, statistics: data }),
    weights,
    partial: options.partial,
    out: folder.path,
    describe: options.describe,
    profile: options.profile,
    tune: options.tune,
    saveEvery: everyOf(options.saveEvery),
    keep: options.keep,
    request,
  });
  const report: ReportData = {
    ...(await reportData(last, {
      title: `${method.title} on ${train.name}`,
      settings,
      checkpoint: weights?.path,
      images: indices.length,
      test,
      classes,
    })),
    runs: [withFinal(run, final)],
  };
  const { page } = await writeReport(folder.path, report, test);
  console.log(textTable(report));
  const [{ confusion } = {}] = report.runs;
  if (confusion) console.log(`\n${classTable(classes, confusion, relative('', page))}`);
  console.log(`\ncheckpoint: ${relative('', checkpoint)}, report: ${relative('', page)}`);
}

/** What differs from the paper's recipe, each absent where it does not: results tell of it only then. */
function habitsOf(options: TrainOptions): Partial<Settings> {
  const { warmup, minLr, layerDecay, steps, clip, ema, freeze } = options;
  return {
    ...(options.optimizer !== 'sgd' && { optimizer: options.optimizer }),
    ...(layerDecay !== undefined && { layer_decay: layerDecay }),
    ...((warmup > 0 || minLr > 0) && {
      schedule: {
        floor: minLr,
        ...(warmup > 0 && { shape: 'warmup_cosine', warmup_epochs: warmup, changes: 'step' }),
      },
    }),
    ...(options.leftover !== 'step' && { leftover: options.leftover }),
    ...(options.dropLast && { drop_last: true }),
    ...(steps !== undefined && { steps }),
    ...(clip !== undefined && { max_norm: clip }),
    ...(options.select !== 'last' && { select: options.select }),
    ...(options.select === 'best-val' && { held_out: options.heldOut }),
    ...(options.balanced && { balanced: true }),
    ...(ema !== undefined && { ema }),
    ...(freeze !== undefined && {
      freeze: freeze.split(',').map((part) => (part === 'all' ? 'encoder' : `encoder.${part.trim()}`)),
    }),
  };
}

/** The epochs that the steps take where those are given: the last of them may not be a whole one. */
function epochsOf(
  { epochs, steps, batch, accumulate, dropLast = false, leftover }: TrainOptions,
  images: number,
): number {
  if (steps === undefined) return epochs;
  const microBatches = batchSizes(images, batch, { drop_last: dropLast }).length;
  return Math.ceil(microBatchesOf(steps, microBatches, accumulate, leftover) / microBatches);
}

/** Throws when one of the given options would change nothing. */
function refuseWithoutEffect(given: ReadonlySet<string>, method: Method, settings: Settings): void {
  if (given.has('heldOut') && settings.select !== 'best-val')
    throw new Error('--held-out has no effect without --select best-val; give both or none.');
  if (given.has('momentum') && settings.optimizer === 'adamw')
    throw new Error('--momentum has no effect: AdamW does not read it; leave it out.');
  if (settings.layer_decay !== undefined && !isViT(settings.arch))
    throw new Error(`--layer-decay has no effect: a ${settings.arch} is no vision transformer; leave it out.`);
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
  path: string,
  card: ModelCard,
): void {
  const { arch, encoder } = card;
  const own = { arch, ...encoder };
  for (const name of ['arch', 'width', 'stem'] as const)
    if (given.has(name) && options[name] !== own[name])
      throw new Error(
        `--${name} ${options[name]} contradicts ${path}, which holds a ${describeCard(card)}; leave it out.`,
      );
  if (given.has('clsToken') && encoder.global_pool !== false)
    throw new Error(`--cls-token contradicts ${path}, which holds a ${describeCard(card)}; leave it out.`);
}

/** An encoder in the words of the options that make it. */
const describeCard = ({ arch, encoder: { width, stem, global_pool } }: Pick<ModelCard, 'arch' | 'encoder'>): string =>
  isViT(arch) ? `${arch}${global_pool ? '' : ' with --cls-token'}` : `${arch} with --width ${width} --stem ${stem}`;

/** `--image-size`; a vision transformer's is its checkpoint's where it is not given, or 224 where its patches do not divide the images. */
export function imageSizeOf(
  { imageSize }: Pick<TrainOptions, 'imageSize'>,
  arch: Settings['arch'],
  { sizes }: Pick<LabelledImages, 'sizes'>,
  card?: ModelCard,
): number | undefined {
  if (imageSize !== undefined || !isViT(arch)) return imageSize;
  if (card?.encoder.image_size) return Math.max(...card.encoder.image_size);
  return commonSize(sizes)?.every((pixels) => pixels % VITS[arch].patch === 0) ? undefined : 224;
}

/** What the options say of an encoder. Throws where its architecture does not read one of them. */
export function encoderOptions(
  options: Pick<TrainOptions, 'width' | 'stem' | 'dropPath' | 'clsToken'>,
  arch: Settings['arch'],
  size: Size | undefined,
): Settings['encoder'] {
  const idle = (isViT(arch) ? (['width', 'stem'] as const) : (['dropPath', 'clsToken'] as const)).find(
    (name) => options[name] !== undefined,
  );
  if (idle) throw new Error(`${flagOf(idle)} has no effect: a ${arch} does not read it; leave it out.`);
  const { width, stem, dropPath, clsToken } = options;
  return {
    ...(stem !== undefined && { stem }),
    ...(width !== undefined && { width }),
    ...(dropPath !== undefined && { drop_path: dropPath }),
    ...(clsToken && { global_pool: false }),
    ...(isViT(arch) && size && { image_size: size }),
  };
}

export function checkBatch(batch: number, images: number): void {
  if (batch > images) throw new Error(`A batch of ${batch} cannot be made: there are ${images} training images.`);
}
