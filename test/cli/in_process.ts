// Commands without a process of their own, so that tests of what they compute are quick.
import { CommanderError } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import type { Ended } from './coin.ts';

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

/** Runs `coin` in this process. */
export async function coinHere(...args: string[]): Promise<Ended> {
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    const { stdout, stderr } = await captured(() =>
      createProgram()
        .parseAsync(args, { from: 'user' })
        .catch((error) => {
          if (!(error instanceof CommanderError)) throw error;
          process.exitCode = error.exitCode;
        }),
    );
    return { code: Number(process.exitCode), stdout, stderr };
  } finally {
    process.exitCode = before;
  }
}
