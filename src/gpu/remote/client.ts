// WebGPU of a page for a program elsewhere: objects that pass their calls on. Of WebGPU there is what this package calls.
import type { Call, News, Order } from './messages.ts';

/** Where calls go. */
export interface Channel {
  /** Objects that are the page's own are passed as they are, and stand there for what `numberOf` says. */
  send(order: Order): void;
  numberOf: (value: object) => number | undefined;
}

/** A page's WebGPU, and what it has to be told of the page. */
export interface Remote {
  readonly gpu: GPU;
  hear(news: News): void;
  /** All that is waited for fails, and all devices are lost. */
  end(message: string): void;
}

/** Constants that a program without WebGPU does not have; their values are in the specification. */
export const CONSTANTS = {
  GPUBufferUsage: {
    ...{ MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, INDEX: 16, VERTEX: 32 },
    ...{ UNIFORM: 64, STORAGE: 128, INDIRECT: 256, QUERY_RESOLVE: 512 },
  },
  GPUMapMode: { READ: 1, WRITE: 2 },
  GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
};

interface Offered {
  readonly info: GPUAdapterInfo;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

interface DeviceState {
  lose(info: { reason: string; message: string }): void;
  raise(error: { name: string; message: string }): void;
}

type Args = readonly unknown[];

/** Methods that make an object of the page. */
const MAKES = /^(create|begin)|^finish$/;

export function createRemote(channel: Channel): Remote {
  const numbers = new WeakMap<object, number>();
  channel.numberOf = (value) => numbers.get(value);
  const devices = new Map<number, DeviceState>();
  const waiting = new Map<number, { done(value: unknown): void; fail(error: Error): void }>();
  let last = 0;
  let answers = 0;
  let ended: string | undefined;

  const dropped: number[] = [];
  const registry = new FinalizationRegistry((number: number) => {
    dropped.push(number);
    if (dropped.length >= 64 && ended === undefined) channel.send({ drop: dropped.splice(0) });
  });

  const tell = (on: number, method: string, args: Args, rest: Pick<Call, 'result' | 'answer'> = {}) => {
    if (ended === undefined) channel.send({ on, method, args, ...rest });
  };
  const ask = (on: number, method: string, args: Args, result?: number): Promise<unknown> =>
    new Promise((done, fail) => {
      if (ended !== undefined) return fail(new Error(ended));
      answers++;
      waiting.set(answers, { done, fail });
      tell(on, method, args, { answer: answers, ...(result !== undefined && { result }) });
    });
  const next = (count = 1) => {
    last += count;
    return last - count + 1;
  };

  /** An object of the page with this number: `own` is what is known of it here, all else is passed on. */
  const handle = <T extends object>(number: number, own: object = {}): T => {
    const proxy = new Proxy(own, {
      get(known, name) {
        if (name in known || typeof name === 'symbol' || name === 'then') return Reflect.get(known, name);
        return (...args: Args) => {
          const result = MAKES.test(name) ? next() : undefined;
          tell(number, name, args, result === undefined ? {} : { result });
          return result === undefined ? undefined : handle(result);
        };
      },
    });
    numbers.set(proxy, number);
    registry.register(proxy, number);
    return proxy as T;
  };

  const bufferOf = (number: number, { size, usage, mappedAtCreation }: GPUBufferDescriptor): GPUBuffer => {
    let mapped = mappedAtCreation ? new ArrayBuffer(size) : undefined;
    let isNew = mapped !== undefined;
    return handle(number, {
      ...{ size, usage },
      async mapAsync(_mode: number, offset = 0, length = size - offset) {
        // The page unmaps at once: what was mapped is here.
        const bytes = (await ask(number, 'readMapped', [offset, length])) as Uint8Array<ArrayBuffer>;
        mapped = bytes.buffer;
      },
      getMappedRange: () => mapped,
      unmap() {
        if (isNew && mapped) tell(number, 'writeMapped', [new Uint8Array(mapped)]);
        isNew = false;
        mapped = undefined;
      },
    });
  };

  const queueOf = (number: number): GPUQueue =>
    handle(number, {
      writeBuffer(buffer: GPUBuffer, place: number, data: ArrayBufferView | ArrayBuffer, first = 0, count?: number) {
        const isView = ArrayBuffer.isView(data);
        const each = isView ? ((data as Uint8Array).BYTES_PER_ELEMENT ?? 1) : 1;
        const offset = (isView ? data.byteOffset : 0) + first * each;
        const bytes = count === undefined ? data.byteLength - first * each : count * each;
        const source = isView ? data.buffer : data;
        tell(number, 'writeBuffer', [buffer, place, new Uint8Array(source as ArrayBuffer, offset, bytes)]);
      },
      onSubmittedWorkDone: () => ask(number, 'onSubmittedWorkDone', []),
    });

  const moduleOf = (number: number): GPUShaderModule =>
    handle(number, {
      getCompilationInfo: async () => ({ messages: await ask(number, 'getCompilationInfo', []) }),
    });

  const deviceOf = (number: number, { info, features, limits }: Offered): GPUDevice => {
    const listeners: ((event: { error: object }) => void)[] = [];
    const lost = new Promise<object>((done) => {
      devices.set(number, {
        lose: done,
        // `GPUError`s are known by the names of their constructors.
        raise: ({ name, message }) => {
          for (const listener of listeners) listener({ error: { message, constructor: { name } } });
        },
      });
    });
    return handle(number, {
      ...{ lost, limits, adapterInfo: info, features: new Set(features), queue: queueOf(number + 1) },
      addEventListener: (_type: string, listener: (typeof listeners)[number]) => listeners.push(listener),
      createBuffer(descriptor: GPUBufferDescriptor) {
        const result = next();
        tell(number, 'createBuffer', [descriptor], { result });
        return bufferOf(result, descriptor);
      },
      createShaderModule(descriptor: GPUShaderModuleDescriptor) {
        const result = next();
        tell(number, 'createShaderModule', [descriptor], { result });
        return moduleOf(result);
      },
      async createComputePipelineAsync(descriptor: GPUComputePipelineDescriptor) {
        const result = next();
        await ask(number, 'createComputePipelineAsync', [descriptor], result);
        return handle(result);
      },
      popErrorScope: () => ask(number, 'popErrorScope', []),
    });
  };

  const adapterOf = (number: number, { info, features, limits }: Offered): GPUAdapter =>
    handle(number, {
      ...{ info, limits, features: new Set(features) },
      async requestDevice(descriptor: GPUDeviceDescriptor = {}) {
        const result = next(2);
        return deviceOf(result, (await ask(number, 'requestDevice', [descriptor], result)) as Offered);
      },
    });

  const gpu = {
    async requestAdapter(options: GPURequestAdapterOptions = {}) {
      const result = next();
      const offered = (await ask(0, 'requestAdapter', [options], result)) as Offered | null;
      return offered && adapterOf(result, offered);
    },
  };

  return {
    gpu: gpu as unknown as GPU,
    hear(news) {
      if ('answer' in news) {
        const asked = waiting.get(news.answer);
        waiting.delete(news.answer);
        if (news.error === undefined) asked?.done(news.value);
        else asked?.fail(new Error(news.error));
      } else if ('lost' in news) devices.get(news.lost)?.lose(news);
      else
        for (const [number, device] of devices) if (news.failed === 'all' || news.failed === number) device.raise(news);
    },
    end(message) {
      ended = message;
      for (const { fail } of waiting.values()) fail(new Error(message));
      waiting.clear();
      for (const device of devices.values()) device.lose({ reason: 'unknown', message });
    },
  };
}
