// The page's side: a worker that owns the device, so that measuring never holds up the page.
import type { Adapter, Answer, Argument, FromWorker, Handlers, Part, ToWorker } from './protocol.ts';

export interface Remote<H extends Handlers> {
  /** Asks for one value. Throws what the handler threw. */
  call<K extends keyof H & string>(name: K, argument: Argument<H, K>): Promise<Answer<H, K>>;
  /** Asks for several values; ends early, without a mistake, once the signal is aborted. */
  stream<K extends keyof H & string>(
    name: K,
    argument: Argument<H, K>,
    signal?: AbortSignal,
  ): AsyncGenerator<Part<H, K>>;
  /** Ends the worker and all that it was asked. */
  close(): void;
}

/** What a worker has told of its device. */
export type DeviceState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly adapter: Adapter }
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string };

type Result = Extract<FromWorker, { kind: 'part' | 'end' }>;

/** Starts the worker at an address; `onState` hears of its device. */
export function connect<H extends Handlers>(url: string, onState: (state: DeviceState) => void): Remote<H> {
  const worker = new Worker(url, { type: 'module' });
  const asked = new Map<number, (result: Result) => void>();
  let last = 0;
  const say = (message: ToWorker) => worker.postMessage(message);
  const endAll = (error: string) => {
    for (const [id, hear] of asked) hear({ kind: 'end', id, error });
    asked.clear();
  };
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === 'part' || data.kind === 'end') asked.get(data.id)?.(data);
    else onState(data);
    if (data.kind === 'lost') endAll(`The GPU device was lost: ${data.message}`);
  });
  worker.addEventListener('error', ({ message }) => {
    const why = message || 'its script could not be loaded';
    onState({ kind: 'lost', message: `the worker failed, ${why}` });
    endAll(`The worker failed: ${why}`);
  });

  async function* stream<K extends keyof H & string>(name: K, argument: Argument<H, K>, signal?: AbortSignal) {
    last += 1;
    const id = last;
    const results: Result[] = [];
    let wake = () => {};
    asked.set(id, (result) => {
      results.push(result);
      wake();
    });
    const abort = () => say({ kind: 'abort', id });
    signal?.addEventListener('abort', abort);
    try {
      say({ kind: 'ask', id, name, argument });
      while (true) {
        const result = results.shift();
        if (!result)
          await new Promise<void>((woken) => {
            wake = woken;
          });
        else if (result.kind === 'part') yield result.value;
        else if (result.error !== undefined) throw new Error(result.error);
        else return result.value;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      asked.delete(id);
    }
  }

  return {
    async call(name, argument) {
      const { value } = await stream(name, argument).next();
      return value as Answer<H, typeof name>;
    },
    stream: (name, argument, signal) => stream(name, argument, signal) as AsyncGenerator<Part<H, typeof name>>,
    close() {
      worker.terminate();
      endAll('The worker was ended.');
    },
  };
}
