import { relative } from 'node:path';
import type { Command } from 'commander';
import type { PresetName } from '../data/augment/presets.ts';
import { commonSize } from '../data/dataset.ts';
import type { OpenedDataset } from '../data/load.node.ts';
import { allIndices, subset } from '../data/sampler.ts';
import { simclr } from '../methods/simclr.ts';
import type { requestDevice } from '../node.ts';
import { augmentOption, chooseViews } from './augmentation.ts';
import { guarded } from './errors.ts';
import { runMethod } from './fine_tune.ts';
import { type DataOptions, onDevice, withData } from './load_data.ts';
import { everyOf, fraction, integer, nonNegative, number, positive, positiveInteger, refuseIdle } from './options.ts';
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

interface PretrainOptions extends DataOptions, FolderOptions, SaveOptions {
  readonly imageSize?: number;
  readonly arch: Settings['arch'];
  readonly width?: number;
  readonly stem?: NonNullable<Settings['encoder']['stem']>;
  readonly dropPath?: number;
  readonly clsToken?: boolean;
  readonly projection: number;
  readonly epochs: number;
  readonly images?: number;
  readonly batch: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly temperature: number;
  readonly augment?: PresetName;
  readonly cropScale: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly seed: number;
  readonly tuned: boolean;
}

export function addPretrain(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('pretrain')
    .description('make a self-supervised checkpoint with SimCLR from images, without labels');
  addFolderOptions(addModelOptions(command))
    .addOption(number('--epochs <n>', 'epochs', positiveInteger, 25))
    .addOption(number('--images <n>', 'images to train on, chosen by the seed (default: all)', positiveInteger))
    .addOption(number('--batch <n>', 'images of a step, each in two views', positiveInteger, 128))
    .addOption(number('--lr <rate>', 'first learning rate; falls along a cosine, once an epoch', positive, 0.1))
    .addOption(number('--momentum <m>', 'of SGD with Nesterov', fraction, 0.9))
    .addOption(number('--weight-decay <w>', 'on all parameters', nonNegative, 1e-4))
    .addOption(number('--temperature <tau>', 'temperature of NT-Xent', positive, 0.2))
    .addOption(augmentOption())
    .addOption(number('--crop-scale <share>', 'smallest crop as a share of the area', fraction, 0.2))
    .addOption(number('--brightness <b>', 'strength of the brightness jitter', nonNegative, 0.4))
    .addOption(number('--contrast <c>', 'strength of the contrast jitter', nonNegative, 0.4))
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
  { train }: OpenedDataset,
  command: Command,
  folder: RunFolder,
  request: typeof requestDevice,
): Promise<void> {
  const { length } = train.labels;
  const indices = options.images === undefined ? allIndices(length) : subset(length, options.images, options.seed);
  checkBatch(options.batch, indices.length);
  const device = await request();
  console.error(device.description);
  await useTuned(device, options);
  const { arch } = options;
  const imageSize = imageSizeOf(options, arch, train);
  const views = chooseViews(
    train,
    { ...options, imageSize },
    {
      crop: { scale: [options.cropScale, 1] },
      flip: 0.5,
      brightness: options.brightness,
      contrast: options.contrast,
    },
  );
  const settings: Settings = {
    arch,
    encoder: encoderOptions(options, arch, views.augmentation.size ?? commonSize(train.sizes)),
    projector: { out: options.projection },
    epochs: options.epochs,
    alpha: 0,
    lambda: 0,
    temperature: options.temperature,
    variant: 'paper',
    label_smoothing: 0,
    batch: options.batch,
    accumulate: 1,
    lr: options.lr,
    momentum: options.momentum,
    weight_decay: options.weightDecay,
    seed: options.seed,
    ...views,
    evaluateEvery: 1,
  };
  const data = await onDevice(device, train, options);
  const setup = await setupOf(settings, { train, images: indices.length });
  await folder.begin(settingsText(command));
  const { checkpoint } = await runMethod(device, {
    ...{ method: simclr, settings, setup, data, indices, request },
    out: folder.path,
    saveEvery: everyOf(options.saveEvery),
    keep: options.keep,
  });
  console.log(`checkpoint: ${relative('', checkpoint)}`);
}
