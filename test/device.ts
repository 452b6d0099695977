import { type Device, requestDevice } from '../src/gpu/device.ts';

let shared: Promise<Device> | undefined;

/** One device for all tests. */
export function testDevice(): Promise<Device> {
  shared ??= newDevice();
  return shared;
}

/** A device of its own: the runtime's where it has WebGPU, else Dawn's in Node. */
export const newDevice = (): Promise<Device> =>
  globalThis.navigator?.gpu ? requestDevice() : import('../src/node.ts').then((node) => node.requestDevice());
