import type { Device } from '../gpu/device.ts';
import type { TrainEvent } from './events.ts';
import type { RunState } from './run_state.ts';

/** A training that can be begun again on another device. */
export interface Restartable<S extends { readonly state: RunState }> {
  /** Makes model, optimizer and all else anew and trains, from a state where there is one. */
  begin(device: Device, from: S | undefined): Promise<AsyncIterable<TrainEvent>>;
  /** The last state that was saved; undefined where none was. */
  latest(): Promise<S | undefined>;
  request(): Promise<Device>;
}

/** Devices that may be lost one after the other without a state saved between: then something takes down each. */
const PATIENCE = 3;

/** Milliseconds within which WebGPU says that the device is gone, after it refused work for that. */
const NEWS = 500;

/**
 * Passes on the events of a training. Where its device is lost, another one is requested and the training goes on from the last
 * state, or begins again where there is none; that is told in a notice.
 */
export async function* survive<S extends { readonly state: RunState }>(
  first: Device,
  { begin, latest, request }: Restartable<S>,
): AsyncGenerator<TrainEvent> {
  let device = first;
  let from = await latest();
  for (let losses = 0; ; ) {
    try {
      for await (const event of await begin(device, from)) {
        if (event.type === 'saved') losses = 0;
        yield event;
      }
      return;
    } catch (error) {
      if (!(await isLost(device)) || ++losses >= PATIENCE) throw error;
      device = await request();
      from = await latest();
      const { epoch, index } = from?.state.place ?? { epoch: 0, index: 0 };
      const message = `the GPU device was lost; on a new one (${device.target.name}) the run goes on after ${epoch} epochs and ${index} micro-batches`;
      yield { type: 'notice', message };
    }
  }
}

const isLost = ({ gpu }: Device): Promise<boolean> =>
  Promise.race([gpu.lost.then(() => true), new Promise<boolean>((done) => setTimeout(done, NEWS, false))]);
