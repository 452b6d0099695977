import type { Device } from '../gpu/device.ts';
import { lastingChunks, writtenBy } from '../gpu/program/plan.ts';
import type { Dispatch } from '../tape/launch.ts';
import type { Tape } from '../tape/tape.ts';
import { contentsOf } from '../tape/tensor.ts';

/** Gives all lasting memory that the dispatches write its first contents again, as if they had never run. */
export function restore(device: Device, dispatches: readonly Dispatch[]): void {
  const chunks = new Set(dispatches.flatMap(writtenBy).flatMap(({ storage }) => storage?.chunk ?? []));
  if (chunks.size === 0) return;
  const encoder = device.gpu.createCommandEncoder();
  for (const chunk of chunks) encoder.clearBuffer(device.buffer(chunk));
  device.gpu.queue.submit([encoder.finish()]);
  for (const chunk of chunks)
    for (const part of chunk.initial)
      device.gpu.queue.writeBuffer(device.buffer(chunk), part.offset, contentsOf(part) as ArrayBufferView<ArrayBuffer>);
}

/** Frees all lasting memory of tapes whose programs have run for the last time. */
export function release(device: Device, tapes: readonly Tape[]): void {
  for (const chunk of lastingChunks(tapes.flatMap(({ dispatches }) => dispatches))) device.buffer(chunk).destroy();
}
