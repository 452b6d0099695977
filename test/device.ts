import { type Device, requestDevice } from '../src/gpu/device.ts';

let shared: Promise<Device> | undefined;

/** One device for all tests: the runtime's own where it has WebGPU, else Dawn's in Node. */
export function testDevice(): Promise<Device> {
  shared ??= globalThis.navigator?.gpu
    ? requestDevice()
    : import('../src/node.ts').then((node) => node.requestDevice());
  return shared;
}
