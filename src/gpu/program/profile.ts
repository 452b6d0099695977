import type { Device } from '../device.ts';
import { type Command, encode } from './command.ts';
import type { DispatchInfo } from './dispatch_info.ts';
import { type Repeated, repeatUntil } from './repeat.ts';

/** A stretch of time, in milliseconds of `performance.now()`. */
export interface Span {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** One run of a program, dispatch by dispatch. */
export interface Profile {
  readonly dispatches: readonly TimedDispatch[];
  /** What the host did: record, compile, submit, wait. */
  readonly host: readonly Span[];
  /** What dispatches were timed by; by the wall clock, the cost of a submission is part of a time. */
  readonly clock: 'timestamps' | 'wall clock';
}

export interface TimedDispatch extends DispatchInfo, Time {}

interface Time {
  /** In milliseconds of `performance.now()`; by timestamps the first dispatch counts as begun when it was submitted. */
  readonly start: number;
  /** Of one execution. */
  readonly nanoseconds: number;
}

interface Timed {
  /** Of each command, with how many executions were timed at once. */
  readonly times: readonly (Time & Pick<Repeated, 'times'>)[];
  readonly host: readonly Span[];
  readonly clock: Profile['clock'];
}

export interface ProfileOptions {
  /** Takes the outputs, behind all commands. */
  readonly copy?: (encoder: GPUCommandEncoder) => void;
  /** How many executions of each command to time at once, as they were found before; found anew unless given. */
  readonly times?: readonly number[] | undefined;
}

/**
 * Runs each command in a pass of its own and times it. Where timestamps are fine, all are submitted before anything is waited for.
 * Otherwise each is waited for, and one that is short is executed several times in its pass, which leaves what it writes as one
 * execution does; nobody else may use the memory for temporaries meanwhile.
 */
export const profile = async (
  device: Device,
  commands: readonly Command[],
  options: ProfileOptions = {},
): Promise<Timed> =>
  (await hasFineTimestamps(device)) ? allAtOnce(device, commands, options) : oneByOne(device, commands, options);

/** Browsers round timestamps to multiples of so many nanoseconds, unless a flag for developers says otherwise. */
const QUANTUM = 65_536;

const fineness = new WeakMap<GPUDevice, Promise<boolean>>();

/** Whether the adapter has timestamps that tell short dispatches apart. */
export async function hasFineTimestamps(device: Device): Promise<boolean> {
  const { gpu, target } = device;
  if (!target.features.has('timestamp-query')) return false;
  const known = fineness.get(gpu) ?? stampsOf(device, Array<Command[]>(4).fill([])).then(isFine);
  fineness.set(gpu, known);
  return known;
}

const isFine = (stamps: BigUint64Array): boolean => stamps.some((stamp) => stamp % BigInt(QUANTUM) !== 0n);

/** The timestamps before and after each pass of commands. */
async function stampsOf(
  { gpu, stage }: Pick<Device, 'gpu' | 'stage'>,
  passes: readonly (readonly Command[])[],
  then: (encoder: GPUCommandEncoder) => void = () => {},
): Promise<BigUint64Array> {
  const count = 2 * passes.length;
  const querySet = gpu.createQuerySet({ type: 'timestamp', count });
  const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  const resolved = gpu.createBuffer({ size: 8 * count, usage });
  const staging = stage(8 * count);
  const encoder = gpu.createCommandEncoder({ label: 'profile' });
  passes.forEach((commands, index) => {
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
    encode(encoder, commands, { timestampWrites });
  });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging.buffer, 0, 8 * count);
  then(encoder);
  gpu.queue.submit([encoder.finish()]);
  const stamps = new BigUint64Array(await staging.read());
  querySet.destroy();
  resolved.destroy();
  return stamps;
}

/** Two timestamps a dispatch; a query set holds at most 4096. */
const DISPATCHES_PER_SET = 2048;

async function allAtOnce(device: Device, commands: readonly Command[], { copy }: ProfileOptions): Promise<Timed> {
  const start = performance.now();
  const parts: Promise<BigUint64Array>[] = [];
  for (let from = 0; from < commands.length; from += DISPATCHES_PER_SET) {
    const passes = commands.slice(from, from + DISPATCHES_PER_SET).map((command) => [command]);
    parts.push(stampsOf(device, passes, from + passes.length === commands.length ? copy : undefined));
  }
  const submitted = performance.now();
  const stamps = (await Promise.all(parts)).flatMap((part) => [...part]);
  const [first = 0n] = stamps;
  const times = commands.map((_, index) => {
    const [begin, end] = [stamps[2 * index] ?? 0n, stamps[2 * index + 1] ?? 0n];
    return { start: submitted + Number(begin - first) / 1e6, nanoseconds: Number(end - begin), times: 1 };
  });
  const host = [
    { name: 'submit', start, end: submitted },
    { name: 'wait', start: submitted, end: performance.now() },
  ];
  return { times, host, clock: 'timestamps' };
}

/** Milliseconds that a sample should last: by timestamps their roundness is a hundredth of it. */
const SAMPLE = { timestamps: (100 * QUANTUM) / 1e6, 'wall clock': 10 };

async function oneByOne(
  device: Device,
  commands: readonly Command[],
  { copy, times: known }: ProfileOptions,
): Promise<Timed> {
  const { gpu, idle } = device;
  const clock = device.target.features.has('timestamp-query') ? 'timestamps' : 'wall clock';
  const submit = (encode: (encoder: GPUCommandEncoder) => void) => {
    const encoder = gpu.createCommandEncoder();
    encode(encoder);
    gpu.queue.submit([encoder.finish()]);
  };
  const milliseconds = async (pass: readonly Command[]): Promise<number> => {
    if (clock === 'timestamps') {
      const [begin = 0n, end = 0n] = await stampsOf(device, [pass]);
      return Number(end - begin) / 1e6;
    }
    const start = performance.now();
    submit((encoder) => encode(encoder, pass));
    await idle();
    return performance.now() - start;
  };
  await idle();
  const spare = createSpare(gpu, commands);
  const found: Timed['times'][number][] = [];
  const host: Span[] = [];
  try {
    for (const [index, command] of commands.entries()) {
      const start = performance.now();
      submit((encoder) => spare.save(encoder, command));
      await idle();
      const begun = performance.now();
      const run = (times: number) => milliseconds(Array<Command>(times).fill(command));
      const times = known?.[index];
      const repeated = times ? { times, taken: await run(times) } : await repeatUntil(run, SAMPLE[clock]);
      if (repeated.times > 1)
        submit((encoder) => {
          spare.restore(encoder, command);
          encode(encoder, [command]);
        });
      found.push({ start: begun, nanoseconds: (1e6 * repeated.taken) / repeated.times, times: repeated.times });
      host.push({ name: 'submit', start, end: begun }, { name: 'wait', start: begun, end: performance.now() });
    }
    if (copy) submit(copy);
  } finally {
    spare.destroy();
  }
  return { times: found, host, clock };
}

/** Room for what any one of the commands writes, so that it can be executed again from where it began. */
function createSpare(gpu: GPUDevice, commands: readonly Command[]) {
  const sizes: number[] = [];
  for (const { writes } of commands)
    writes.forEach(({ size }, index) => {
      sizes[index] = Math.max(size, sizes[index] ?? 0);
    });
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const spares = sizes.map((size) => gpu.createBuffer({ label: 'spare', size, usage }));
  return {
    save(encoder: GPUCommandEncoder, { writes }: Command) {
      writes.forEach(({ buffer, offset, size }, index) => {
        encoder.copyBufferToBuffer(buffer, offset, spares[index] as GPUBuffer, 0, size);
      });
    },
    restore(encoder: GPUCommandEncoder, { writes }: Command) {
      writes.forEach(({ buffer, offset, size }, index) => {
        encoder.copyBufferToBuffer(spares[index] as GPUBuffer, 0, buffer, offset, size);
      });
    },
    destroy() {
      for (const spare of spares) spare.destroy();
    },
  };
}
