import { writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { createDataset } from '../data/dataset.ts';
import { embeddedFolder, loadDataset } from '../data/load.node.ts';
import { stratifiedSubset } from '../data/sampler.ts';
import { ceTuning } from '../methods/ce_tuning.ts';
import { coin } from '../methods/coin.ts';
import { scl } from '../methods/scl.ts';
import { createModel } from '../nn/model.ts';
import { requestDevice } from '../node.ts';
import { type FeaturePlot, featurePlot, flatten, type ReportData, type Run, results } from '../report/data.ts';
import { tsne } from '../report/projection.ts';
import { renderReport } from '../report/report.ts';
import { textTable } from '../report/table.ts';
import { createEvaluator, type Evaluation } from '../train/evaluate.ts';
import { guarded } from './errors.ts';
import { adapterOf, makeFolder, runMethod, type Settings } from './fine_tune.ts';
import { fraction, integer, number, positiveInteger } from './options.ts';
import { encoderOf, loadParts, readWeights } from './weights.ts';

/** Labelled images of each class: few, since that is when a self-supervised checkpoint matters. */
const LABELS_PER_CLASS = 100;

/** Points of the scatter plots. */
const PLOTTED = 500;

interface DemoOptions {
  readonly epochs: number;
  readonly alpha: number;
  readonly seed: number;
  readonly out: string;
  readonly describe?: boolean;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('fine-tune the embedded self-supervised encoder by CE-Tuning, SCL and COIN and compare them')
    .addOption(number('--epochs <n>', 'epochs of each method', positiveInteger, 12))
    .addOption(number('--alpha <share>', "COIN's first stage as a share of the epochs", fraction, 0.33))
    .addOption(number('--seed <n>', 'fixes heads, order and augmentation', integer, 0))
    .option('--out <folder>', 'where results go', 'runs/demo')
    .option('--describe', "print each stage's dispatches by layer")
    .action(guarded(demo));
}

async function demo({ epochs, alpha, seed, out, describe }: DemoOptions): Promise<void> {
  await makeFolder(out);
  const device = await requestDevice();
  console.error(device.description);
  const folder = embeddedFolder();
  const { train, test } = await loadDataset(folder);
  const data = createDataset(device.target, train);
  const testData = createDataset(device.target, test, data);
  const indices = stratifiedSubset(data.labels, data.classes, LABELS_PER_CLASS, seed);
  const weights = await readWeights(join(dirname(folder), 'simclr.safetensors'));
  const source = encoderOf(weights);
  if (!source)
    throw new Error(`${weights.path} does not say which encoder it holds; make it again by "coin pretrain".`);
  const settings: Settings = {
    ...source,
    encoder: source.encoder ?? {},
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
    evaluateEvery: 4,
  };

  const start = createModel({ ...source, seed });
  loadParts(device, start, weights, ['encoder']);
  const before = await (await createEvaluator(device, start, testData))();

  const runs: Run[] = [];
  for (const method of [ceTuning, scl, coin]) {
    const { run, final } = await runMethod(device, {
      method,
      settings,
      data,
      indices,
      test: testData,
      weights,
      out,
      describe,
    });
    runs.push({ ...run, ...(final && { features: plot(final) }) });
  }

  const report: ReportData = {
    title: 'COIN beside SCL and CE-Tuning on Fashion-MNIST',
    adapter: adapterOf(device),
    created: new Date().toISOString().slice(0, 10),
    settings: settingsTable(settings, indices.length, testData.labels.length),
    classes: data.classes,
    runs,
    before: { ...flatten(before.scores), features: plot(before) },
    projection: 't-SNE',
  };
  await writeFile(join(out, 'report.html'), renderReport(report));
  await writeFile(join(out, 'results.json'), `${JSON.stringify(results(report), null, 2)}\n`);
  console.log(textTable(report));
  console.log(
    `\nreport: ${relative('', join(out, 'report.html'))}, numbers: ${relative('', join(out, 'results.json'))}`,
  );
}

function plot({ features, labels }: Evaluation): FeaturePlot {
  const dim = features.length / labels.length;
  const count = Math.min(PLOTTED, labels.length);
  return featurePlot(tsne(features.subarray(0, count * dim), count), labels.subarray(0, count));
}

const settingsTable = (settings: Settings, images: number, tested: number): Record<string, string | number> => ({
  checkpoint: 'data/simclr.safetensors',
  architecture: settings.arch,
  'labelled images': images,
  'test images': tested,
  epochs: settings.epochs,
  batch: settings.batch,
  'learning rate': settings.lr,
  momentum: settings.momentum,
  'weight decay': settings.weight_decay,
  alpha: settings.alpha,
  lambda: settings.lambda,
  temperature: settings.temperature,
  'SupCon variant': settings.variant,
  augmentation: JSON.stringify(settings.augmentation),
  seed: settings.seed,
});
