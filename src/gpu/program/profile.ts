import type { Device } from '../device.ts';
import { type Command, encode } from './command.ts';
import type { DispatchInfo } from './dispatch_info.ts';

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
  /**
   * What dispatches were timed by. Without timestamps each is submitted alone and waited for, so that the cost of a
   * submission is part of its time.
   */
  readonly clock: 'timestamps' | 'wall clock';
}

export interface TimedDispatch extends DispatchInfo, Time {}

interface Time {
  /** In milliseconds of `performance.now()`; by timestamps the first dispatch counts as begun when it was submitted. */
  readonly start: number;
  readonly nanoseconds: number;
}

interface Timed {
  readonly times: readonly Time[];
  readonly host: readonly Span[];
  readonly clock: Profile['clock'];
}

/**
 * Runs each command in a pass of its own and times it: by timestamps where the adapter has them, all submitted before anything
 * is waited for. `copy` takes the outputs with the last of them.
 */
export const profile = (
  device: Device,
  commands: readonly Command[],
  copy: (encoder: GPUCommandEncoder) => void = () => {},
): Promise<Timed> =>
  device.target.features.has('timestamp-query')
    ? byTimestamps(device, commands, copy)
    : byClock(device, commands, copy);

/** Two timestamps a dispatch; a query set holds at most 4096. */
const DISPATCHES_PER_SET = 2048;

async function byTimestamps(
  { gpu, stage }: Device,
  commands: readonly Command[],
  copy: (encoder: GPUCommandEncoder) => void,
): Promise<Timed> {
  const start = performance.now();
  const parts = [];
  for (let from = 0; from < commands.length; from += DISPATCHES_PER_SET) {
    const part = commands.slice(from, from + DISPATCHES_PER_SET);
    const count = 2 * part.length;
    const querySet = gpu.createQuerySet({ type: 'timestamp', count });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const resolved = gpu.createBuffer({ size: 8 * count, usage });
    const staging = stage(8 * count);
    const encoder = gpu.createCommandEncoder({ label: 'profile' });
    part.forEach((command, index) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
      encode(encoder, [command], { timestampWrites });
    });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging.buffer, 0, 8 * count);
    if (from + part.length === commands.length) copy(encoder);
    gpu.queue.submit([encoder.finish()]);
    parts.push({ count, querySet, resolved, staging });
  }
  const submitted = performance.now();
  const times: Time[] = [];
  let first: bigint | undefined;
  for (const { count, querySet, resolved, staging } of parts) {
    const stamps = new BigUint64Array(await staging.read());
    querySet.destroy();
    resolved.destroy();
    for (let index = 0; index < count; index += 2) {
      const [begin, end] = [stamps[index] ?? 0n, stamps[index + 1] ?? 0n];
      first ??= begin;
      times.push({ start: submitted + Number(begin - first) / 1e6, nanoseconds: Number(end - begin) });
    }
  }
  const host = [
    { name: 'submit', start, end: submitted },
    { name: 'wait', start: submitted, end: performance.now() },
  ];
  return { times, host, clock: 'timestamps' };
}

async function byClock(
  { gpu, idle }: Device,
  commands: readonly Command[],
  copy: (encoder: GPUCommandEncoder) => void,
): Promise<Timed> {
  await idle();
  const times: Time[] = [];
  const host: Span[] = [];
  for (const [index, command] of commands.entries()) {
    const start = performance.now();
    const encoder = gpu.createCommandEncoder();
    encode(encoder, [command]);
    if (index === commands.length - 1) copy(encoder);
    gpu.queue.submit([encoder.finish()]);
    const submitted = performance.now();
    await idle();
    const end = performance.now();
    host.push({ name: 'submit', start, end: submitted }, { name: 'wait', start: submitted, end });
    times.push({ start: submitted, nanoseconds: 1e6 * (end - submitted) });
  }
  return { times, host, clock: 'wall clock' };
}
