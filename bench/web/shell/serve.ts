// The worker's side: a device, and handlers that use it.
import { type Device, requestDevice } from '../../../src/gpu/device.ts';
import type { FromWorker, Handlers, ToWorker } from './protocol.ts';

/** Requests a device and answers what the page asks from then on. */
export async function serve(make: (device: Device) => Handlers): Promise<void> {
  const say = (message: FromWorker) => postMessage(message);
  let device: Device;
  try {
    device = await requestDevice();
  } catch (error) {
    say({ kind: 'missing', message: (error as Error).message });
    return;
  }
  device.gpu.lost.then(({ message, reason }) => say({ kind: 'lost', message: message || reason }));
  const handlers = make(device);
  const running = new Map<number, AbortController>();
  addEventListener('message', async ({ data }: MessageEvent<ToWorker>) => {
    if (data.kind === 'abort') {
      running.get(data.id)?.abort();
      return;
    }
    const { id, name, argument } = data;
    const control = new AbortController();
    running.set(id, control);
    try {
      const result = await handlers[name]?.(argument as never, control.signal);
      if (isGenerator(result)) {
        for await (const value of result) say({ kind: 'part', id, value });
        say({ kind: 'end', id });
      } else say({ kind: 'end', id, value: result });
    } catch (error) {
      say({ kind: 'end', id, error: (error as Error).message });
    } finally {
      running.delete(id);
    }
  });
  const { name, kind, features } = device.target;
  say({ kind: 'ready', adapter: { name, kind, description: device.description, features: [...features] } });
}

const isGenerator = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
