// What an experiment computes on a device: a cell, and the times of steps.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commonSize } from '../data/dataset.ts';
import { embeddedFolder, openDataset } from '../data/load.node.ts';
import type { Device } from '../gpu/device.ts';
import { encoderDefaults } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import type { Cell, Outcome } from '../reproduce/cell.ts';
import type { DataSet, Settings } from '../reproduce/experiment.ts';
import type { Plan, Sources } from '../reproduce/plan.ts';
import { timesTable } from '../reproduce/stage_tables.ts';
import { timeSteps } from '../reproduce/step_times.ts';
import type { Table } from '../reproduce/table.ts';
import { isThere } from './reproduce_sources.ts';
import { SETTINGS_FILE } from './settings.node.ts';
import { trainWith } from './train.ts';
import { cardOf, readWeights } from './weights.ts';

export interface Devices {
  readonly request: typeof requestDevice;
  /** Says that what was computed last is done. */
  release(): void;
}

/** A device for one cell after the other: on processors the same one, whose kernels are compiled already; on GPUs one each, whose memory goes with it. */
export function sharing(request: typeof requestDevice): Devices {
  let current: Device | undefined;
  return {
    async request(...how) {
      if (current) return current;
      const device = await request(...how);
      current = device;
      device.gpu.lost.then(() => {
        if (current === device) current = undefined;
      });
      return device;
    },
    release() {
      if (current?.target.kind === 'cpu') return;
      current?.destroy();
      current = undefined;
    },
  };
}

/** Trains a cell by `coin train`, or goes on where it was cut off. */
export async function trainCell(
  { settings, data, weights }: Cell,
  folder: string,
  sources: Sources,
  { request, release }: Devices,
): Promise<Outcome> {
  const path = sources.data[data]?.path;
  const from = Object.values(sources.weights).find(({ sha256 }) => sha256 === weights?.sha256);
  const begun = await isThere(join(folder, SETTINGS_FILE));
  const options: Settings = { ...settings, ...(path && { data: path }), ...(from && { weights: from.path }) };
  const args = begun
    ? ['--resume', folder]
    : [
        '--out',
        folder,
        '--overwrite',
        '--keep',
        '1',
        ...Object.entries(options).flatMap(([name, value]) =>
          value === true ? [`--${name}`] : [`--${name}`, `${value}`],
        ),
      ];
  try {
    const { report, before } = await trainWith(args, request);
    const { runs, adapter, classes, tested } = report;
    const [{ mistakes: _, ...run }] = runs as [Outcome['run']];
    return {
      ...{ run, adapter, classes },
      ...(before && { before }),
      ...(tested !== undefined && { tested }),
    };
  } finally {
    release();
  }
}

/** The steps of an experiment's methods, timed in turns on the network and the images of its first data set. */
export async function timeTable(
  { experiment, scale, dataSets, entries }: Plan,
  { data, weights }: Sources,
  { request, release }: Devices,
): Promise<Table> {
  const [dataSet] = dataSets as [DataSet];
  const start = weights['self-supervised'];
  const card = start && cardOf(await readWeights(start.path));
  const settings = entries[0]?.cell.settings ?? {};
  const size = settings['image-size'];
  const path = data[dataSet]?.path;
  const { train, classes, close } = await openDataset(path ?? embeddedFolder());
  await close();
  const [height, width] = typeof size === 'number' ? [size, size] : (commonSize(train.sizes) ?? [224, 224]);
  const arch = card?.arch ?? 'resnet8';
  const encoder = { ...encoderDefaults(arch), ...card?.encoder, channels: train.channels };
  console.error(`\ntiming steps of ${settings.batch} images of ${height} × ${width} px, in turns`);
  const times = await timeSteps(await request(), experiment.timed?.(scale) ?? [], {
    model: { arch, encoder, classes: classes.length },
    shape: [Number(settings.batch), height, width, train.channels],
  });
  release();
  return timesTable(times, `a ${arch} on batches of ${settings.batch} images of ${height} × ${width} px`);
}

/** A run's states are only for going on; its checkpoint stays. */
export async function removeStates(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (/-step-\d+\.safetensors$/.test(name)) await rm(join(folder, name), { force: true });
}
