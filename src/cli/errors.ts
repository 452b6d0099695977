/** Prints an error as the one sentence that it is. With COIN_DEBUG set, also where it came from. */
export function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`error: ${message}`);
  if (process.env.COIN_DEBUG && error instanceof Error) console.error(error.stack, error.cause ?? '');
  process.exitCode = 1;
}

/** Runs a command so that whatever goes wrong ends in one sentence and exit code 1. */
export const guarded =
  <A extends unknown[]>(command: (...args: A) => Promise<void>) =>
  (...args: A): Promise<void> =>
    command(...args).catch(fail);
