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
import type { Places, Plan, Sources } from '../reproduce/plan.ts';
import type { CellProgress } from '../reproduce/runner.ts';
import { timesTable } from '../reproduce/stage_tables.ts';
import { timeSteps } from '../reproduce/step_times.ts';
import type { Table } from '../reproduce/table.ts';
import type { TrainEvent } from '../train/events.ts';
import { forecaster } from './forecast.ts';
import { follower } from './progress.ts';
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

/** What a cell's training is told, and where it may be followed and ended. */
export interface TrainingOptions {
  readonly places: Places;
  readonly devices: Devices;
  readonly tell?: (progress: CellProgress) => void;
  /** Ends it in place of the user's signals. */
  readonly signal?: AbortSignal;
}

/** Trains a cell by `coin train`, or goes on where it was cut off; what it comes to is saved after each epoch. */
export async function trainCell(
  { settings }: Cell,
  folder: string,
  { places, devices: { request, release }, tell = () => {}, signal }: TrainingOptions,
): Promise<Outcome> {
  const begun = await isThere(join(folder, SETTINGS_FILE));
  const args = [
    ...(begun ? ['--resume', folder] : ['--out', folder, '--overwrite', ...argumentsOf(settings)]),
    ...['--keep', '1', '--save-every', '1min,1epoch'],
    ...argumentsOf({ ...places }),
  ];
  try {
    const { report, before } = await trainWith(args, request, { watch: progressOf(tell), ...(signal && { signal }) });
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

const argumentsOf = (options: Settings): string[] =>
  Object.entries(options).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, `${value}`]));

/** Makes of a training's events where its cell is. */
function progressOf(tell: (progress: CellProgress) => void): (event: TrainEvent) => void {
  const [forecastAt, follow] = [forecaster(), follower()];
  return (event) => {
    const forecast = forecastAt(event, performance.now());
    const position = follow(event, forecast);
    if (event.type === 'start')
      tell({
        adapter: event.adapter,
        from: event.from?.epoch ?? 0,
        epoch: event.from?.epoch ?? 0,
        epochs: event.epochs,
      });
    if (!position) return;
    const { done, epochs, left } = position;
    tell({ epoch: done, epochs, ...(left !== undefined && { left }) });
  };
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
