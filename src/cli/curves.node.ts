// What a run tells for other programs: a table for spreadsheets, and event files for TensorBoard.
import { appendFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explained, writeWhole } from '../files.node.ts';
import { csv } from '../report/csv.ts';
import { flatten, follow, type RunMeta } from '../report/data.ts';
import { fileHeader, restartRecord, type Scalars, scalarRecord } from '../report/tensorboard.ts';
import type { TrainEvent } from '../train/events.ts';

/**
 * Passes events on and writes them as `METHOD.csv`, a row an epoch, and into the folder `METHOD.tensorboard`.
 * @param before what was told before the run goes on.
 */
export async function* writeCurves(
  events: AsyncIterable<TrainEvent>,
  { folder, meta, before }: { folder: string; meta: RunMeta; before: readonly TrainEvent[] },
): AsyncGenerator<TrainEvent> {
  const table = join(folder, `${meta.method}.csv`);
  const board = join(folder, `${meta.method}.tensorboard`);
  const file = join(board, `events.out.tfevents.0.${meta.method}`);
  const told = follow(meta);
  for (const event of before) told.add(event);
  const now = () => Date.now() / 1000;
  const append = (record: Uint8Array) => explained(`${file} cannot be written`, () => appendFile(file, record));
  const scalars = (step: number, values: Scalars) => append(scalarRecord(now(), step, values));
  let ofEpoch = 1;
  for await (const event of events) {
    told.add(event);
    if (event.type === 'start') {
      ofEpoch = event.stepsPerEpoch;
      await explained(`The folder ${board} cannot be made`, () => mkdir(board, { recursive: true }));
      if (!(await stat(file).catch(() => undefined))) await append(fileHeader(now()));
      if (event.from) await append(restartRecord(now(), event.from.epoch * ofEpoch + event.from.index));
    }
    if (event.type === 'step') {
      const losses = Object.entries(event.losses).map(([name, value]) => [`loss/${name}`, value] as const);
      await scalars(event.step, {
        ...Object.fromEntries(losses),
        learning_rate: event.lr,
        images_per_second: event.imagesPerSecond,
      });
    }
    if (event.type === 'epoch' && event.contrast) {
      const told = Object.entries(event.contrast).map(([name, value]) => [`contrast/${name}`, value] as const);
      await scalars((event.epoch + 1) * ofEpoch, Object.fromEntries(told));
    }
    if (event.type === 'evaluation') {
      const scores = Object.entries(flatten(event)).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      );
      await scalars(
        event.epoch * ofEpoch,
        Object.fromEntries(scores.map(([name, value]) => [`evaluation/${name}`, value])),
      );
    }
    if (event.type === 'epoch' || event.type === 'evaluation')
      await explained(`The table ${table} cannot be written`, () => writeWhole(table, csv(told.run())));
    yield event;
  }
}
