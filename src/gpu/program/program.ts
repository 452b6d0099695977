import type { Tape } from '../../tape/tape.ts';
import { type DType, elements } from '../../tape/tensor.ts';
import type { Device } from '../device.ts';
import { createScratch } from '../scratch.ts';
import { type Staging, type TypedArray, view } from '../staging.ts';
import { encode } from './command.ts';
import { type DispatchInfo, infoOf } from './dispatch_info.ts';
import { lastingChunks, type Plan } from './plan.ts';
import { prepare } from './prepare.ts';
import { type Profile, profile } from './profile.ts';

/** A compiled tape: built once, run many times. */
export interface Program {
  /**
   * Writes the given inputs (others keep their last value, but for those that each run needs anew), submits one run and returns at once.
   * The outputs named in `read` are copied out at the end of the run and can be awaited whenever it suits.
   * Throws when an input or output is unknown, when an input is not an array of its own type and length or was never given,
   * or when the GPU has failed since the last call.
   */
  run<K extends string = never>(inputs?: Readonly<Record<string, ArrayBufferView>>, read?: readonly K[]): Readback<K>;
  /**
   * Does what `run` does, once, and times each dispatch; returns when all is done. Slower than a run. Where the adapter has no
   * timestamps, each dispatch is waited for, and the program refuses to run meanwhile.
   */
  profile<K extends string = never>(
    inputs?: Readonly<Record<string, ArrayBufferView>>,
    read?: readonly K[],
  ): Promise<Profile & Readback<K>>;
  /** Every dispatch of a run, in order. */
  describe(): DispatchInfo[];
  readonly memory: ProgramMemory;
}

export interface Readback<K extends string> {
  /** The outputs asked for; waits for the run to finish. Called again it gives the same values. */
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

/**
 * Plans memory, compiles pipelines and makes bind groups for a tape.
 * Throws when a tensor is larger than the adapter can bind.
 */
export async function compile(device: Device, tape: Tape): Promise<Program> {
  const { gpu } = device;
  const started = performance.now();
  const { planned, commands, submissions, locate } = await prepare(device, tape);
  const host = [
    { name: 'record', start: tape.started, end: started },
    { name: 'compile', start: started, end: performance.now() },
  ];
  const bound = new Set([
    ...planned.dispatches.flatMap(({ bindings }) => Object.values(bindings)),
    ...tape.outputs.values(),
  ]);
  const needed = [...tape.inputs].filter(([, tensor]) => bound.has(tensor));
  const begin = (inputs: Readonly<Record<string, ArrayBufferView>>) => {
    device.check();
    const admitted = [...tape.admissions].map(([name, admit]) => admit(inputs[name]));
    for (const name in inputs) device.write(named(tape.inputs, 'input', name), inputs[name] as ArrayBufferView);
    const missing = needed.filter(([, tensor]) => !device.isWritten(tensor)).map(([name]) => name);
    if (missing.length > 0) throw new Error(`The program was never given its input ${missing.join(', ')}.`);
    for (const taken of admitted) taken();
  };
  /** Where the named outputs go, and how to get them from there. */
  const reading = <K extends string>(names: readonly K[], where = locate) => {
    let bytes = 0;
    const places = names.map((name) => {
      const tensor = named(tape.outputs, 'output', name);
      const output = { tensor, ...where(tensor) };
      const place = bytes;
      bytes += output.size;
      return { name, place, ...output };
    });
    const staging: Staging | undefined = bytes > 0 ? device.stage(bytes) : undefined;
    return {
      copy(encoder: GPUCommandEncoder) {
        for (const { buffer, offset, size, place } of places)
          encoder.copyBufferToBuffer(buffer, offset, (staging as Staging).buffer, place, size);
      },
      async read() {
        const copied = (await staging?.read()) ?? new ArrayBuffer(0);
        const entries = places.map(({ name, place, tensor, size }) => [
          name,
          view(copied.slice(place, place + size), tensor.dtype as DType, elements(tensor.shape)),
        ]);
        return Object.fromEntries(entries);
      },
    };
  };
  const describe = () => planned.dispatches.map(infoOf);

  let byClock = false;
  return {
    describe,
    memory: memoryOf(planned),
    run(inputs = {}, names = []) {
      if (byClock)
        throw new Error('The program is being profiled dispatch by dispatch: it can run when that has ended.');
      const { copy, read } = reading(names);
      begin(inputs);
      submissions.forEach((part, index) => {
        const encoder = gpu.createCommandEncoder();
        encode(encoder, part);
        if (index === submissions.length - 1) copy(encoder);
        gpu.queue.submit([encoder.finish()]);
      });
      return { read };
    },
    async profile(inputs = {}, names = []) {
      const scratch = createScratch(gpu);
      let timed: Awaited<ReturnType<typeof profile>>;
      let read: ReturnType<typeof reading>['read'];
      byClock = !device.target.features.has('timestamp-query');
      try {
        // A clock has to wait for each dispatch, and meanwhile others would use the shared memory for temporaries.
        const own = byClock ? await prepare({ ...device, scratch }, tape) : { commands, locate };
        const outputs = reading(names, own.locate);
        begin(inputs);
        read = outputs.read;
        timed = await profile(device, own.commands, outputs.copy);
      } finally {
        byClock = false;
        scratch.destroy();
      }
      const dispatches = describe().map((info, index) => ({
        ...info,
        ...(timed.times[index] as (typeof timed.times)[number]),
      }));
      return { dispatches, host: [...host, ...timed.host], clock: timed.clock, read };
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
