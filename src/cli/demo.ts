import { basename, dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { createDataset, type Splits } from '../data/dataset.ts';
import { memorySource } from '../data/image_source.ts';
import { embeddedFolder, loadDataset } from '../data/load.node.ts';
import { stratifiedSubset } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import { ceTuning } from '../methods/ce_tuning.ts';
import { coin } from '../methods/coin.ts';
import { scl } from '../methods/scl.ts';
import { createModel } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import type { Run } from '../report/data.ts';
import { textTable } from '../report/table.ts';
import { createEvaluator } from '../train/evaluate.ts';
import { guarded } from './errors.ts';
import { neighbours, runMethod } from './fine_tune.ts';
import {
  addRunningOptions,
  checkBatch,
  epochsOf,
  type Habits,
  habitsOf,
  PAPER,
  type RunningOptions,
  refuseIdleHabits,
  splitOff,
} from './habits.ts';
import { everyOf, fraction, number } from './options.ts';
import { showEvaluation } from './progress.ts';
import { reportData, withFinal, writeReport } from './report.ts';
import { inRunFolder, type RunFolder } from './run_folder.node.ts';
import { checkRun } from './run_model.ts';
import { settingsText } from './settings.node.ts';
import { type Settings, setupOf } from './setup.ts';
import { useTuned } from './tune.ts';
import { cardOf, loadParts, readWeights, type Weights } from './weights.ts';

/** Labelled images of each class: few, since that is when a self-supervised checkpoint matters. */
const LABELS_PER_CLASS = 100;

interface DemoOptions extends RunningOptions {
  readonly alpha: number;
}

/** Few epochs at a rate at which they suffice. */
export const DEMO = {
  ...PAPER,
  ...{ epochs: 12, accumulate: 1, lr: 0.1, evaluateEvery: 3, seed: 0 },
} as const satisfies Partial<Habits>;

export function addDemo(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('demo')
    .description('fine-tune the embedded self-supervised encoder by CE-Tuning, SCL and COIN and compare them');
  addRunningOptions(command, DEMO)
    .addOption(number('--alpha <share>', "COIN's first stage as a share of the epochs", fraction, 0.25))
    .action(
      guarded((options: DemoOptions) =>
        inRunFolder('demo', options, (folder) =>
          demo(options, command, { ...folder, begin: () => folder.begin(settingsText(command)) }, request),
        ),
      ),
    );
}

async function demo(
  options: DemoOptions,
  command: Command,
  folder: RunFolder,
  request: typeof requestDevice,
): Promise<void> {
  refuseIdleHabits(command, options, 'resnet8');
  const device = await request();
  console.error(device.description);
  await useTuned(device, options);
  const images = embeddedFolder();
  const splits = await loadDataset(images);
  const weights = await readWeights(join(dirname(images), 'simclr.safetensors'));
  await compareMethods(device, { ...options, splits, weights, labels: LABELS_PER_CLASS, request }, folder);
}

/** What methods are compared on, besides the demo's options. */
export interface Comparison extends DemoOptions {
  readonly splits: Splits;
  /** The encoder that each method starts from. */
  readonly weights: Weights;
  /** Labelled images of each class. */
  readonly labels: number;
  /** Gives another device where one is lost. */
  readonly request: typeof requestDevice;
}

/** Fine-tunes one encoder by each method, prints the table, and writes report and results of those that are done. */
export async function compareMethods(
  first: Device,
  { splits: { train, test }, weights, labels, ...options }: Comparison,
  { path: out, begin }: RunFolder,
): Promise<void> {
  let device = first;
  const card = cardOf(weights);
  if (!card) throw new Error(`${weights.path} does not say which encoder it holds; make it again by "coin pretrain".`);
  const data = createDataset(device.target, train, card.statistics);
  const testData = createDataset(device.target, test, data);
  const labelled = stratifiedSubset(data.labels, data.classes, labels, options.seed);
  const { indices, heldOut } = splitOff(labelled, data.labels, options);
  checkBatch(options.batch, indices.length);
  const settings: Settings = {
    ...{ arch: card.arch, encoder: card.encoder },
    projector: { out: 64 },
    epochs: epochsOf(options, indices.length),
    alpha: options.alpha,
    lambda: 0.1,
    temperature: 0.3,
    variant: 'paper',
    label_smoothing: 0,
    augmentation: { flip: 0.5, brightness: 0.1 },
    ...habitsOf(options),
  };

  const start = createModel({ ...card, classes: undefined, seed: options.seed });
  await loadParts(device, start, weights, ['encoder']);
  const before = await showEvaluation(
    await createEvaluator(device, start, testData, {
      bank: { data, images: neighbours(indices, data.classes.length, options.seed) },
    }),
    { stream: process.stderr },
  );

  const report = await reportData(device, {
    title: 'COIN beside SCL and CE-Tuning on Fashion-MNIST',
    settings,
    checkpoint: join('data', basename(weights.path)),
    images: indices.length,
    test: memorySource(test),
    classes: data.classes,
    before,
  });
  const runs: Run[] = [];
  let written = { page: '', numbers: '' };
  const setup = await setupOf(settings, {
    ...{ train: memorySource(train), images: indices.length, test: memorySource(test), weights },
  });
  const run = {
    ...{ settings, setup, data, indices, heldOut, test: testData, weights, out },
    ...{ describe: options.describe, profile: options.profile, tune: options.tune },
    ...{ saveEvery: everyOf(options.saveEvery), keep: options.keep, request: options.request },
  };
  const methods = [ceTuning, scl, coin];
  if (options.resume === undefined) for (const method of methods) await checkRun(device, { ...run, method });
  await begin();
  for (const method of methods) {
    const { run: trained, final, ...ended } = await runMethod(device, { ...run, method });
    device = ended.device;
    runs.push(withFinal(trained, final));
    // After each method, so that an interruption leaves those that are done.
    written = await writeReport(out, { ...report, runs }, memorySource(test));
  }
  console.log(textTable({ ...report, runs }));
  console.log(`\nreport: ${relative('', written.page)}, numbers: ${relative('', written.numbers)}`);
}
