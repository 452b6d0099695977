import { join } from 'node:path';
import { describeAugmentation } from '../data/augment.ts';
import { type ImageSource, pick } from '../data/image_source.ts';
import { shuffle } from '../data/random.ts';
import { allIndices } from '../data/sampler.ts';
import { explained, writeWhole } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import {
  type FeaturePlot,
  featurePlot,
  flatten,
  type ReportData,
  type Run,
  results,
  type Thumbnails,
} from '../report/data.ts';
import { tsne } from '../report/projection.ts';
import { renderReport } from '../report/report.ts';
import { thumbnails } from '../report/thumbnails.ts';
import type { Evaluation } from '../train/evaluate.ts';
import type { Settings } from './setup.ts';

/** Points of a scatter plot. */
const PLOTTED = 500;

export interface ReportOptions {
  readonly title: string;
  readonly settings: Settings;
  /** The file that every run starts from. */
  readonly checkpoint?: string | undefined;
  /** How many images were trained on. */
  readonly images: number;
  readonly test: ImageSource;
  readonly classes: readonly string[];
  /** The checkpoint itself, before any training. */
  readonly before?: Evaluation;
}

/** Everything a report shows but for the runs. */
export async function reportData(device: Device, options: ReportOptions): Promise<Omit<ReportData, 'runs'>> {
  const { title, settings, checkpoint, images, test, classes, before } = options;
  const tested = test.labels.length;
  const { name, kind } = device.target;
  return {
    title,
    adapter: kind === 'cpu' ? `${name} (software)` : name,
    created: new Date().toISOString().slice(0, 10),
    settings: {
      ...(checkpoint !== undefined && { checkpoint }),
      architecture: settings.arch,
      'labelled images': images,
      'test images': tested,
      epochs: settings.epochs,
      batch: settings.batch,
      'micro-batches a step': settings.accumulate,
      'learning rate': settings.lr,
      momentum: settings.momentum,
      'weight decay': settings.weight_decay,
      alpha: settings.alpha,
      lambda: settings.lambda,
      temperature: settings.temperature,
      'SupCon variant': settings.variant,
      'label smoothing': settings.label_smoothing,
      augmentation: describeAugmentation(settings.augmentation),
      seed: settings.seed,
    },
    classes,
    tested,
    thumbnails: await pictures(test, plotted(tested)),
    projection: 't-SNE',
    ...(before && { before: { ...flatten(before.scores), features: plot(before) } }),
  };
}

async function pictures(source: ImageSource, chosen: Uint32Array): Promise<Thumbnails> {
  const images = { ...pick(source, chosen), channels: source.channels, pixels: await source.read(chosen) };
  return thumbnails(images, allIndices(chosen.length));
}

/** A run with the picture of its features. */
export const withFeatures = (run: Run, final: Evaluation | undefined): Run => ({
  ...run,
  ...(final && { features: plot(final) }),
});

/** Writes `report.html` and `results.json` into the folder. Returns their paths. */
export async function writeReport(folder: string, report: ReportData): Promise<{ page: string; numbers: string }> {
  const page = join(folder, 'report.html');
  const numbers = join(folder, 'results.json');
  await explained(`The report in ${folder} cannot be written`, async () => {
    await writeWhole(page, renderReport(report));
    await writeWhole(numbers, `${JSON.stringify(results(report), null, 2)}\n`);
  });
  return { page, numbers };
}

/** The same images each time, chosen at random because files may be sorted by class. */
const plotted = (images: number): Uint32Array => shuffle(images, 0, 0).subarray(0, PLOTTED);

function plot({ features, labels, predictions }: Evaluation): FeaturePlot {
  const dim = features.length / labels.length;
  const chosen = plotted(labels.length);
  const rows = new Float32Array(chosen.length * dim);
  for (const [row, image] of chosen.entries()) rows.set(features.subarray(image * dim, (image + 1) * dim), row * dim);
  const of = (classes: Int32Array) => Array.from(chosen, (image) => classes[image] as number);
  return featurePlot(tsne(rows, chosen.length), of(labels), predictions && of(predictions));
}
