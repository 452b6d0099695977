// What passes a run's events on and shows something of them.
import { measureRoofs } from '../bench/roofs.ts';
import type { Device } from '../gpu/device.ts';
import { dispatchTable, memoryLine } from '../report/dispatches.ts';
import { profileTable } from '../report/profile.ts';
import type { TrainEvent } from '../train/events.ts';
import { writeTrace } from './trace.node.ts';

/** Passes events on and prints what a step of each stage launches. */
export async function* describing(events: AsyncIterable<TrainEvent>, title: string): AsyncGenerator<TrainEvent> {
  for await (const event of events) {
    if (event.type === 'stage')
      console.log(
        `${title}, ${event.stage}: one step by layer\n${dispatchTable(event.describe())}\n${memoryLine(event.memory)}\n`,
      );
    yield event;
  }
}

/** Passes events on and shows profiles: as a table, and as a trace in the stage's file. */
export async function* profiling(
  device: () => Device,
  events: AsyncIterable<TrainEvent>,
  title: string,
  fileOf: (stage: string) => string,
): AsyncGenerator<TrainEvent> {
  for await (const event of events) {
    if (event.type === 'profile') {
      console.log(
        `${title}, ${event.stage}: one micro-batch by time\n${profileTable(event.profile, { roofs: await measureRoofs(device()) })}`,
      );
      console.log(await writeTrace(fileOf(event.stage), event.profile, `${title}, ${event.stage}`));
    }
    yield event;
  }
}
