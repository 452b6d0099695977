import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs this program with the same arguments in Node or Deno, with the same input and output, and returns its exit code. Signals are
 * passed on, so that it ends in order. Throws in one sentence where the runtime is not here.
 */
export function runElsewhere(runtime: 'node' | 'deno'): Promise<number> {
  const [, program = '', ...args] = process.argv;
  const [command, before] = runtime === 'node' ? ['node', []] : [denoProgram(), ['run', '--allow-all']];
  // In a group of its own it does not hear a terminal's interrupt a second time, which would end it at once.
  const detached = process.platform !== 'win32';
  const child = spawn(command, [...before, realpathSync(program), ...args], { stdio: 'inherit', detached });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  return new Promise((done, fail) => {
    child.on('error', (cause) => {
      const packages = runtime === 'deno' ? ' (npm install deno@2.9.5 brings it)' : '';
      fail(new Error(`${command} does not start${packages}: ${cause.message}`, { cause }));
    });
    child.on('close', (code) => {
      for (const signal of SIGNALS) process.off(signal, pass);
      done(code ?? 1);
    });
  });
}

/** The one that npm installed beside this program, else the system's. */
function denoProgram(): string {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('deno/package.json'));
    const program = join(folder, process.platform === 'win32' ? 'deno.exe' : 'deno');
    if (existsSync(program)) return program;
  } catch {
    // It is not installed.
  }
  return 'deno';
}
