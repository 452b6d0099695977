import { type Device, requestDevice } from '../src/gpu/device.ts';
import { modules } from '../src/gpu/kernel/generated/modules.ts';
import { createLibrary } from '../src/gpu/kernel/library.ts';
import { createPipelines } from '../src/gpu/kernel/pipelines.ts';

let shared: Promise<Device> | undefined;

/** One device for all tests. */
export function testDevice(): Promise<Device> {
  shared ??= newDevice();
  return shared;
}

/** The shared device with other kernels: a module of theirs ends with a line that does not compile; also the line's number. */
export async function brokenDevice(path: string, mistake: string): Promise<{ device: Device; line: number }> {
  const shared = await testDevice();
  const library = createLibrary();
  const text = modules[path] as string;
  library.replaceModule(path, `${text}${mistake}\n`);
  return {
    device: { ...shared, library, pipelines: createPipelines(shared.gpu, library) },
    line: text.split('\n').length,
  };
}

/** A device of its own: the runtime's where it has WebGPU, else Dawn's in Node. */
export const newDevice = (): Promise<Device> =>
  globalThis.navigator?.gpu ? requestDevice() : import('../src/node.ts').then((node) => node.requestDevice());
