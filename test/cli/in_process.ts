// Commands without a process of their own, so that tests of what they compute are quick.
import { runProgram } from '../../src/cli/program.ts';
import type { Device } from '../../src/gpu/device.ts';
import { testDevice } from '../device.ts';
import { type Ended, NO_CACHE } from './coin.ts';

/** Does something and gives what it printed meanwhile. */
export async function captured<T>(action: () => Promise<T>): Promise<{ result: T; stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (text: string | Uint8Array) => {
      printed[name] += typeof text === 'string' ? text : new TextDecoder().decode(text);
      return true;
    };
  try {
    return { result: await action(), ...printed };
  } finally {
    process.stdout.write = originals.stdout;
    process.stderr.write = originals.stderr;
  }
}

/** Runs `coin` in this process, on the device of all tests. */
export const coinHere = (...args: string[]): Promise<Ended> => coinOn(testDevice, ...args);

/** Runs `coin` in this process, on a device that is requested when it needs one. */
export async function coinOn(request: () => Promise<Device>, ...args: string[]): Promise<Ended> {
  process.env.COIN_CACHE ??= NO_CACHE;
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    const { stdout, stderr } = await captured(() => runProgram(args, request));
    return { code: Number(process.exitCode), stdout, stderr };
  } finally {
    process.exitCode = before;
  }
}
