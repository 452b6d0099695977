import { relative } from 'node:path';
import type { Command } from 'commander';
import type { Statistics } from '../data/dataset.ts';
import type { OpenedDataset } from '../data/load.node.ts';
import type { Method } from '../methods/method.ts';
import type { requestDevice } from '../node.ts';
import { classTable } from '../report/class_table.ts';
import type { ReportData, Trained } from '../report/data.ts';
import { textTable } from '../report/table.ts';
import { type Attendant, type RunOptions, runMethod } from './fine_tune.ts';
import type { RunningOptions } from './habits.ts';
import { type DataOptions, onDevice } from './load_data.ts';
import { everyOf } from './options.ts';
import { reportData, scored, withFinal, writeReport } from './report.ts';
import type { RunFolder } from './run_folder.node.ts';
import { checkRun } from './run_model.ts';
import { settingsText } from './settings.node.ts';
import { setupOf } from './setup.ts';
import { useTuned } from './tune.ts';

export interface OneRun extends Pick<RunOptions, 'settings' | 'indices' | 'heldOut' | 'weights' | 'partial'> {
  readonly method: Method;
  readonly images: OpenedDataset;
  /** What the images are normalised by; their own unless given. */
  readonly statistics?: Statistics | undefined;
  /** The command, whose options are all set, and its options. */
  readonly command: Command;
  readonly options: RunningOptions & DataOptions;
  readonly folder: RunFolder;
  readonly request: typeof requestDevice;
  readonly attendant?: Attendant | undefined;
}

/** What came of it: what the report shows, and for people the table with where the files are. */
export interface Ended {
  readonly report: ReportData;
  readonly told: string;
  /** What was started from, with its features; absent of a run that went on. */
  readonly before?: NonNullable<ReportData['before']>;
}

/**
 * Trains by one method in the folder of the run, and writes report and results. What cannot be trained is refused before the folder
 * has a file of it.
 */
export async function runOne({
  images: { train, test, classes },
  statistics,
  command,
  options,
  folder,
  request,
  attendant,
  ...own
}: OneRun): Promise<Ended> {
  const { method, settings, indices, weights } = own;
  const device = await request();
  console.error(device.description);
  await useTuned(device, options);
  const memory = { batch: settings.batch, stream: options.stream };
  const data = await onDevice(device, train, { ...memory, statistics });
  const isWatched = method.classifier === false;
  const run: RunOptions = {
    ...own,
    setup: await setupOf(settings, { train, images: indices.length, test, weights }),
    data,
    test: await onDevice(device, test, { ...memory, statistics: data }),
    // Images that are held out are no neighbours of themselves.
    ...(isWatched && { bank: { data, images: own.heldOut && indices } }),
    ...{ describe: options.describe, profile: options.profile, tune: options.tune },
    ...{ out: folder.path, saveEvery: everyOf(options.saveEvery), keep: options.keep, request, attendant },
  };
  if (options.resume === undefined) await checkRun(device, run);
  await folder.begin(settingsText(command));
  const { run: trained, initial, final, checkpoint, device: last } = await runMethod(device, run);
  const report: ReportData = {
    ...(await reportData(last, {
      title: `${method.title} on ${train.name}`,
      ...{ settings, checkpoint: weights?.path, images: indices.length, test, classes },
    })),
    ...(isWatched && beforeOf(trained)),
    runs: [withFinal(trained, final)],
  };
  const { page } = await writeReport(folder.path, report, test);
  const [{ confusion } = {}] = report.runs;
  const told = [
    textTable(report),
    ...(confusion ? ['', classTable(classes, confusion, relative('', page))] : []),
    ...['', paceLine(trained, indices.length)],
    `checkpoint: ${relative('', checkpoint)}, report: ${relative('', page)}`,
  ];
  return { report, told: told.join('\n'), ...(initial && { before: scored(initial) }) };
}

/** The encoder before pre-training, whose scores the curves begin with. */
function beforeOf({ evaluations: [first] }: Trained) {
  if (first?.epoch !== 0) return {};
  const { epoch: _, ...scores } = first;
  return { before: { label: 'Random encoder', ...scores } };
}

const paceLine = ({ seconds, epochs, waiting }: Trained, images: number): string => {
  const rate = Math.round((epochs * images) / seconds).toLocaleString('en');
  return `${rate} images/s; steps waited for data ${(100 * (waiting ?? 0)).toFixed(1)} % of the time`;
};
