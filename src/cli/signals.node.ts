import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Gives the signals back to whoever had them. */
  close(): void;
}

/**
 * Listens for an interrupt (SIGINT), a request to end (SIGTERM) and the end of the terminal (SIGHUP) while there is something
 * to bring in order first. A second signal ends the program at once, with the exit code of its kind, 128 + the signal's number.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const listen = (name: (typeof SIGNALS)[number]) => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    controller.abort();
    console.error(`\n${name}: ending in order; a second one ends at once.`);
  };
  for (const name of SIGNALS) process.on(name, listen);
  return {
    signal: controller.signal,
    close: () => {
      for (const name of SIGNALS) process.off(name, listen);
    },
  };
}
