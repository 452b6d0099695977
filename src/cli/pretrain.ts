import { relative } from 'node:path';
import type { Command } from 'commander';
import { commonSize, createDataset } from '../data/dataset.ts';
import { allIndices, subset } from '../data/sampler.ts';
import { simclr } from '../methods/simclr.ts';
import type { requestDevice } from '../node.ts';
import { guarded } from './errors.ts';
import { runMethod } from './fine_tune.ts';
import { type DataOptions, loadData } from './load_data.ts';
import { everyOf, fraction, integer, nonNegative, number, positive, positiveInteger } from './options.ts';
import {
  addFolderOptions,
  type FolderOptions,
  inRunFolder,
  type RunFolder,
  type SaveOptions,
} from './run_folder.node.ts';
import { settingsText } from './settings.node.ts';
import { type Settings, setupOf } from './setup.ts';
import { addModelOptions, checkBatch, encoderOptions, viewOf } from './train.ts';
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
    .addOption(number('--crop-scale <share>', 'smallest crop as a share of the area', fraction, 0.2))
    .addOption(number('--brightness <b>', 'strength of the brightness jitter', nonNegative, 0.4))
    .addOption(number('--contrast <c>', 'strength of the contrast jitter', nonNegative, 0.4))
    .addOption(number('--seed <n>', 'fixes first values, order and augmentation', integer, 0))
    .addOption(noTuned())
    .action(
      guarded((options: PretrainOptions) =>
        inRunFolder('pretrain', options, (folder) => pretrain(options, command, folder, request)),
      ),
    );
}

async function pretrain(
  options: PretrainOptions,
  command: Command,
  folder: RunFolder,
  request: typeof requestDevice,
): Promise<void> {
  const { train } = await loadData(options, options.imageSize);
  const { length } = train.labels;
  const indices = options.images === undefined ? allIndices(length) : subset(length, options.images, options.seed);
  checkBatch(options.batch, indices.length);
  const device = await request();
  console.error(device.description);
  await useTuned(device, options);
  const { arch } = options;
  const view = viewOf(options, arch, train);
  const settings: Settings = {
    arch,
    encoder: encoderOptions(options, arch, view.size ?? commonSize(train.sizes)),
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
    augmentation: {
      ...view,
      crop: { scale: [options.cropScale, 1] },
      flip: 0.5,
      brightness: options.brightness,
      contrast: options.contrast,
    },
    evaluateEvery: 1,
  };
  const data = createDataset(device.target, train);
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
