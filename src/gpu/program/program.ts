import type { Tape } from '../../tape/tape.ts';
import { elements, type Tensor } from '../../tape/tensor.ts';
import type { Device } from '../device.ts';
import { createScratch } from '../scratch.ts';
import { type Staging, type TypedArray, view } from '../staging.ts';
import { checkData } from '../write.ts';
import { encode } from './command.ts';
import { type DispatchInfo, infoOf } from './dispatch_info.ts';
import { lastingChunks, type Plan } from './plan.ts';
import { type Bound, type Prepared, prepare } from './prepare.ts';
import { hasFineTimestamps, type Profile, profile } from './profile.ts';

/** A compiled tape: built once, run many times. */
export interface Program {
  /**
   * Writes the given inputs (others keep their last value, but for those that each run needs anew), submits one run and returns at once.
   * The outputs named in `read` are copied out at the end of the run and can be awaited whenever it suits.
   * Throws when an input or output is unknown, when an input is not an array of its own type and length or was never given,
   * when the program or its device was destroyed, or when the GPU has failed since the last call; nothing is written then.
   */
  run<K extends string = never>(inputs?: Readonly<Record<string, ArrayBufferView>>, read?: readonly K[]): Readback<K>;
  /**
   * Submits so many runs in as few passes as that can be, for timing: what is short takes less than its own submission. Inputs keep
   * their last value. Throws where `run` would.
   */
  repeat(times: number): void;
  /**
   * Does what `run` does, once, and times each dispatch; returns when all is done. Slower than a run, the more so where the adapter
   * has no timestamps or coarse ones: short dispatches are then repeated until they can be told. The program refuses to run meanwhile.
   */
  profile<K extends string = never>(
    inputs?: Readonly<Record<string, ArrayBufferView>>,
    read?: readonly K[],
  ): Promise<Profile & Readback<K>>;
  /** Every dispatch of a run, in order. */
  describe(): DispatchInfo[];
  readonly memory: ProgramMemory;
  /** Frees the program's memory, once the runs that were submitted are over; what they read back can still be read. */
  destroy(): void;
}

export interface Readback<K extends string> {
  /** The outputs asked for; waits for the run to finish, also where none was. Called again it gives the same values. */
  read(): Promise<{ readonly [P in K]: TypedArray }>;
}

/** Bytes of a program's memory. */
export interface ProgramMemory {
  /** Temporaries after sharing: what the program takes from the device's scratch memory. */
  readonly planned: number;
  /** Temporaries alive at once in the worst moment. */
  readonly peak: number;
  /** What sharing saved against one buffer a temporary. */
  readonly saved: number;
  /** Inputs, parameters, gradients, optimizer state and all else that outlives a run. */
  readonly lasting: number;
}

/** Why a program cannot run. */
const OBSTACLES = {
  profiled: 'The program is being profiled dispatch by dispatch: it can run when that has ended.',
  destroyed: 'The program was destroyed: compile its tape again to run it.',
};

/**
 * Plans memory, compiles pipelines and makes bind groups for a tape.
 * Throws when a tensor is larger than the adapter can bind, when the device was destroyed or the GPU has failed.
 */
export async function compile(device: Device, tape: Tape): Promise<Program> {
  const { gpu } = device;
  const started = performance.now();
  const prepared = await prepare(device, tape);
  const { planned } = prepared;
  const host = [
    { name: 'record', start: tape.started, end: started },
    { name: 'compile', start: started, end: performance.now() },
  ];
  const bound = new Set([
    ...planned.dispatches.flatMap(({ bindings }) => Object.values(bindings)),
    ...tape.outputs.values(),
  ]);
  const needed = [...tape.inputs].filter(([, tensor]) => bound.has(tensor));
  let state: 'ready' | keyof typeof OBSTACLES = 'ready';
  /** Looks at all that is given before anything is written: what is refused leaves no trace. */
  const begin = <K extends string>(inputs: Readonly<Record<string, ArrayBufferView>>, names: readonly K[]) => {
    if (state !== 'ready') throw new Error(OBSTACLES[state]);
    device.check();
    const outputs = names.map((name) => ({ name, tensor: named(tape.outputs, 'output', name) }));
    const given = Object.entries(inputs).map(([name, data]) => ({ tensor: named(tape.inputs, 'input', name), data }));
    for (const { tensor, data } of given) checkData(tensor, data);
    const admitted = [...tape.admissions].map(([name, admit]) => admit(inputs[name]));
    const missing = needed.filter(([name, tensor]) => !(name in inputs) && !device.isWritten(tensor));
    if (missing.length > 0)
      throw new Error(`The program was never given its input ${missing.map(([name]) => name).join(', ')}.`);
    for (const { tensor, data } of given) device.write(tensor, data);
    for (const taken of admitted) taken();
    return outputs;
  };
  const describe = () => planned.dispatches.map(infoOf);

  return {
    describe,
    memory: memoryOf(planned),
    run(inputs = {}, names = []) {
      const outputs = begin(inputs, names);
      const { submissions, locate } = prepared.bind();
      const { copy, read } = readback(device, outputs, locate);
      submissions.forEach((part, index) => {
        const encoder = gpu.createCommandEncoder();
        encode(encoder, part);
        if (index === submissions.length - 1) copy(encoder);
        gpu.queue.submit([encoder.finish()]);
      });
      return { read };
    },
    repeat(times) {
      begin({}, []);
      for (const part of prepared.bind().repeated(times)) {
        const encoder = gpu.createCommandEncoder();
        encode(encoder, part);
        gpu.queue.submit([encoder.finish()]);
      }
    },
    async profile(inputs = {}, names = []) {
      const outputs = begin(inputs, names);
      const profiled = async ({ bind }: Prepared) => {
        const { commands, locate } = bind();
        const { copy, read } = readback(device, outputs, locate);
        return { ...(await profile(device, commands, { copy })), read };
      };
      state = 'profiled';
      try {
        const {
          times,
          host: spans,
          clock,
          read,
        } = (await hasFineTimestamps(device)) ? await profiled(prepared) : await alone(profiled);
        const dispatches = describe().map((info, index) => ({ ...info, ...(times[index] as (typeof times)[number]) }));
        return { dispatches, host: [...host, ...spans], clock, read };
      } finally {
        if (state === 'profiled') state = 'ready';
      }
    },
    destroy() {
      state = 'destroyed';
      prepared.destroy();
    },
  };

  /** What waits for each dispatch has its own memory for temporaries, since others would use the shared one meanwhile. */
  async function alone<T>(action: (own: Prepared) => Promise<T>): Promise<T> {
    const scratch = createScratch(gpu);
    try {
      return await action(await prepare({ ...device, scratch }, tape));
    } finally {
      scratch.destroy();
    }
  }
}

/** Where outputs go at the end of a run, and how to get them from there. */
function readback<K extends string>(
  device: Device,
  outputs: readonly { readonly name: K; readonly tensor: Tensor }[],
  locate: Bound['locate'],
): Readback<K> & { copy(encoder: GPUCommandEncoder): void } {
  let bytes = 0;
  const places = outputs.map((output) => {
    const source = locate(output.tensor);
    const place = bytes;
    bytes += source.size;
    return { ...output, ...source, place };
  });
  const staging: Staging | undefined = bytes > 0 ? device.stage(bytes) : undefined;
  return {
    copy(encoder) {
      for (const { buffer, offset, size, place } of places)
        encoder.copyBufferToBuffer(buffer, offset, (staging as Staging).buffer, place, size);
    },
    async read() {
      if (!staging) await device.idle();
      const copied = (await staging?.read()) ?? new ArrayBuffer(0);
      const entries = places.map(({ name, place, tensor, size }) => [
        name,
        view(copied.slice(place, place + size), tensor.dtype, elements(tensor.shape)),
      ]);
      return Object.fromEntries(entries);
    },
  };
}

function named<T>(tensors: ReadonlyMap<string, T>, kind: string, name: string): T {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  throw new Error(`The program has no ${kind} named ${name}; it has: ${[...tensors.keys()].join(', ') || 'none'}.`);
}

function memoryOf({ dispatches, sizes, unshared, live }: Plan): ProgramMemory {
  const planned = sizes.reduce((sum, size) => sum + size, 0);
  const lasting = [...lastingChunks(dispatches)].reduce((sum, chunk) => sum + chunk.bytes, 0);
  return { planned, peak: live, saved: unshared - planned, lasting };
}
