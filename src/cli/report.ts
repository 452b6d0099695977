import { join } from 'node:path';
import { describeAugmentation } from '../data/augment.ts';
import { type ImageSource, pick } from '../data/image_source.ts';
import { shuffle } from '../data/random.ts';
import { allIndices } from '../data/sampler.ts';
import { explained, writeWhole } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import {
  type FeaturePlot,
  flatten,
  type Mistake,
  type ReportData,
  type Run,
  results,
  type Thumbnails,
} from '../report/data.ts';
import { shownMistakes } from '../report/mistakes.ts';
import { planesOf } from '../report/projection.ts';
import { renderReport } from '../report/report.ts';
import { thumbnails } from '../report/thumbnails.ts';
import type { Answers, Evaluation } from '../train/evaluate.ts';
import type { Settings } from './setup.ts';

/** Points of a scatter plot. */
const PLOTTED = 500;

export interface ReportOptions {
  readonly title: string;
  /** None of a checkpoint that says nothing of how it was trained. */
  readonly settings?: Settings | undefined;
  /** The file that every run starts from. */
  readonly checkpoint?: string | undefined;
  /** How many images were trained on. */
  readonly images?: number | undefined;
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
      ...(images !== undefined && { 'labelled images': images }),
      'test images': tested,
      ...(settings && settingRows(settings)),
    },
    classes,
    tested,
    thumbnails: await pictures(test, plotted(tested)),
    ...(before && { before: scored(before) }),
  };
}

/** What an evaluation of a checkpoint shows: its features alone, since nothing has trained the classifier. */
export function scored({ scores, features, labels }: Evaluation): NonNullable<ReportData['before']> {
  const { top1: _, top5: __, mean_per_class: ___, ece: ____, ...known } = flatten(scores);
  return { ...known, features: plot({ features, labels }) };
}

const settingRows = (settings: Settings): ReportData['settings'] => ({
  architecture: settings.arch,
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
});

async function pictures(source: ImageSource, chosen: Uint32Array, most?: number): Promise<Thumbnails> {
  const images = { ...pick(source, chosen), channels: source.channels, pixels: await source.read(chosen) };
  return thumbnails(images, allIndices(chosen.length), most);
}

/** A run with what its last evaluation says of single classes and images. */
export const withFinal = (run: Run, final: Evaluation | undefined): Run => ({
  ...run,
  ...(final && { features: plot(final) }),
  ...(final?.answers && { confusion: rowsOf(final.answers.confusion.matrix), mistakes: mistakesOf(final) }),
});

function rowsOf(matrix: Int32Array): number[][] {
  const classes = Math.sqrt(matrix.length);
  return Array.from({ length: classes }, (_, row) => [...matrix.subarray(row * classes, (row + 1) * classes)]);
}

/** Mistakes of a run that are kept, and pixels of the longer side of their pictures. */
const MISTAKES = 24;
const PICTURE = 64;

function mistakesOf({ labels, answers }: Evaluation): Mistake[] {
  const { predictions, confidences } = answers as Answers;
  return Array.from(labels, (label, image): Mistake => {
    return { image, label, prediction: predictions[image] as number, confidence: confidences[image] as number };
  })
    .filter(({ label, prediction }) => label !== prediction)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MISTAKES);
}

/** Writes `report.html` and `results.json` of tested runs into the folder. Returns their paths. */
export async function writeReport(
  folder: string,
  report: ReportData,
  test: ImageSource,
): Promise<{ page: string; numbers: string }> {
  const page = join(folder, 'report.html');
  const numbers = join(folder, 'results.json');
  const images = [...new Set(shownMistakes(report.runs).flatMap((run) => run.mistakes.map(({ image }) => image)))];
  const pictured: ReportData = {
    ...report,
    ...(images.length > 0 && { mistaken: { ...(await pictures(test, Uint32Array.from(images), PICTURE)), images } }),
  };
  await explained(`The report in ${folder} cannot be written`, async () => {
    await writeWhole(page, renderReport(pictured));
    await writeWhole(numbers, `${readableJson(results(report))}\n`);
  });
  return { page, numbers };
}

/** JSON in lines, but a list of numbers in one. Only the layout has line breaks: within strings they are escaped. */
export const readableJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(/\[\n[-\d.,\snule+]*\]/g, (list) => list.replace(/\s+/g, ''));

/** The same images each time, chosen at random because files may be sorted by class. */
const plotted = (images: number): Uint32Array => shuffle(images, 0, 0).subarray(0, PLOTTED);

function plot({ features, labels, answers }: Pick<Evaluation, 'features' | 'labels' | 'answers'>): FeaturePlot {
  const dim = features.length / labels.length;
  const chosen = plotted(labels.length);
  const rows = new Float32Array(chosen.length * dim);
  for (const [row, image] of chosen.entries()) rows.set(features.subarray(image * dim, (image + 1) * dim), row * dim);
  const of = (classes: Int32Array) => Array.from(chosen, (image) => classes[image] as number);
  return {
    planes: planesOf(rows, chosen.length),
    labels: of(labels),
    ...(answers && { predictions: of(answers.predictions) }),
  };
}
