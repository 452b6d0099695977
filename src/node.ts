import { type AdapterMode, requestNodeAdapter } from './gpu/adapter.node.ts';
import { requestDenoDevice } from './gpu/deno.node.ts';
import { createDevice, type Device } from './gpu/device.ts';
import { sleepUntil } from './gpu/sleep.node.ts';

export { type Findings, type LoadOptions, loadDataset, type OpenedDataset, openDataset } from './data/load.node.ts';
export { fileStore } from './gpu/tune/store.node.ts';
export * from './index.ts';
export { fileSource } from './weights/source.node.ts';

/**
 * A device in Node, or in Deno with its own WebGPU: a hardware GPU where there is one, else the fastest that runs on the processor (llvmpipe where the system
 * has it, else SwiftShader from npm). `mode`, or the environment variable GPU, is `auto`, `hardware`, or an adapter's name
 * or a part of it, such as `swiftshader`. Throws in one sentence when no adapter fits.
 */
export async function requestDevice(mode: AdapterMode = process.env.GPU || 'auto'): Promise<Device> {
  if (process.versions.deno !== undefined) return requestDenoDevice(mode);
  const { adapter, why } = await requestNodeAdapter(mode);
  return createDevice(adapter, { why, wait: sleepUntil });
}
