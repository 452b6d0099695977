import { type AdapterMode, requestNodeAdapter } from './gpu/adapter.node.ts';
import { createDevice, type Device } from './gpu/device.ts';

export { fileStore } from './gpu/tune/store.node.ts';
export * from './index.ts';

/**
 * A device in Node: a hardware GPU where there is one, else SwiftShader, which comes with the package.
 * `mode` (or the environment variable GPU) insists on `hardware` or `swiftshader`.
 * Throws in one sentence when no adapter fits.
 */
export async function requestDevice(mode = (process.env.GPU ?? 'auto') as AdapterMode): Promise<Device> {
  const { adapter, why } = await requestNodeAdapter(mode);
  return createDevice(adapter, { why, wait: sleepUntil });
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Dawn's binding for Node polls without pause while an operation is pending, which takes a core away from a software
 * driver; sleeping between polls gives it back.
 */
async function sleepUntil<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    Atomics.wait(sleeper, 0, 0, 0.5);
    await new Promise(setImmediate);
  }
  return promise;
}
