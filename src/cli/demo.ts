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
import { everyOf, fraction, integer, number, positiveInteger } from './options.ts';
import { showEvaluation } from './progress.ts';
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
import { addTuneOptions, type TuneOptions, useTuned } from './tune.ts';
import { cardOf, loadParts, readWeights, type Weights } from './weights.ts';

/** Labelled images of each class: few, since that is when a self-supervised checkpoint matters. */
const LABELS_PER_CLASS = 100;

interface DemoOptions extends FolderOptions, SaveOptions, TuneOptions {
  readonly epochs: number;
  readonly alpha: number;
  readonly seed: number;
  readonly describe?: boolean;
  readonly profile?: boolean;
}

export function addDemo(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('demo')
    .description('fine-tune the embedded self-supervised encoder by CE-Tuning, SCL and COIN and compare them');
  addTuneOptions(addFolderOptions(command))
    .addOption(number('--epochs <n>', 'epochs of each method', positiveInteger, 12))
    .addOption(number('--alpha <share>', "COIN's first stage as a share of the epochs", fraction, 0.25))
    .addOption(number('--seed <n>', 'fixes heads, order and augmentation', integer, 0))
    .option('--describe', "print each stage's dispatches by layer")
    .option(
      '--profile',
      "time a step of each stage: print its dispatches, longest first, and write a trace to the run's folder",
    )
    .action(
      guarded((options: DemoOptions) =>
        inRunFolder('demo', options, (folder) =>
          demo(options, { ...folder, begin: () => folder.begin(settingsText(command)) }, request),
        ),
      ),
    );
}

async function demo(options: DemoOptions, folder: RunFolder, request: typeof requestDevice): Promise<void> {
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
  { splits: { train, test }, weights, labels, epochs, alpha, seed, ...options }: Comparison,
  { path: out, begin }: RunFolder,
): Promise<void> {
  let device = first;
  const card = cardOf(weights);
  if (!card) throw new Error(`${weights.path} does not say which encoder it holds; make it again by "coin pretrain".`);
  const data = createDataset(device.target, train, card.statistics);
  const testData = createDataset(device.target, test, data);
  const indices = stratifiedSubset(data.labels, data.classes, labels, seed);
  const settings: Settings = {
    ...{ arch: card.arch, encoder: card.encoder },
    projector: { out: 64 },
    epochs,
    alpha,
    lambda: 0.1,
    temperature: 0.3,
    variant: 'paper',
    label_smoothing: 0,
    batch: 64,
    accumulate: 1,
    lr: 0.1,
    momentum: 0.9,
    weight_decay: 1e-4,
    seed,
    augmentation: { flip: 0.5, brightness: 0.1 },
    evaluateEvery: 3,
  };

  const start = createModel({ ...card, classes: undefined, seed });
  await loadParts(device, start, weights, ['encoder']);
  const before = await showEvaluation(
    await createEvaluator(device, start, testData, {
      bank: { data, images: neighbours(indices, data.classes.length, seed) },
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
    ...{ settings, setup, data, indices, test: testData, weights, out },
    ...options,
    saveEvery: everyOf(options.saveEvery),
  };
  await begin();
  for (const method of [ceTuning, scl, coin]) {
    const { run: trained, final, ...ended } = await runMethod(device, { ...run, method });
    device = ended.device;
    runs.push(withFinal(trained, final));
    // After each method, so that an interruption leaves those that are done.
    written = await writeReport(out, { ...report, runs }, memorySource(test));
  }
  console.log(textTable({ ...report, runs }));
  console.log(`\nreport: ${relative('', written.page)}, numbers: ${relative('', written.numbers)}`);
}
