import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What was tuned on this machine must not decide how tests run. */
export const NO_CACHE = join(tmpdir(), 'coin-no-cache');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `coin` to its end. */
export const coin = (...args: string[]): Promise<Ended> => run('dist/coin.js', ...args);

/** Runs a program in Node to its end. */
export const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { COIN_CACHE: NO_CACHE, ...process.env };
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
