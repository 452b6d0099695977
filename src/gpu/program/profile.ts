import type { Device } from '../device.ts';
import { type Command, encode } from './command.ts';

/** Two timestamps a dispatch; a query set holds at most 4096. */
const DISPATCHES_PER_SET = 2048;

/** Nanoseconds of each command, from timestamps written around a pass of its own. */
export async function profile({ gpu, target, stage }: Device, commands: readonly Command[]): Promise<number[]> {
  if (!target.features.has('timestamp-query'))
    throw new Error(`${target.name} offers no timestamps, so dispatches cannot be timed one by one.`);
  const times: number[] = [];
  for (let from = 0; from < commands.length; from += DISPATCHES_PER_SET) {
    const part = commands.slice(from, from + DISPATCHES_PER_SET);
    const count = 2 * part.length;
    const querySet = gpu.createQuerySet({ type: 'timestamp', count });
    const resolved = gpu.createBuffer({
      size: 8 * count,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const staging = stage(8 * count);
    const encoder = gpu.createCommandEncoder({ label: 'profile' });
    part.forEach((command, index) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      encode(pass, command);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging.buffer, 0, 8 * count);
    gpu.queue.submit([encoder.finish()]);
    const stamps = new BigUint64Array(await staging.read());
    querySet.destroy();
    resolved.destroy();
    for (let index = 0; index < count; index += 2)
      times.push(Number((stamps[index + 1] ?? 0n) - (stamps[index] ?? 0n)));
  }
  return times;
}
