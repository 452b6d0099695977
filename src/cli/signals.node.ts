const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Gives the signals back to whoever had them. */
  close(): void;
}

/**
 * Listens for an interrupt (SIGINT), a request to end (SIGTERM) and the end of the terminal (SIGHUP) while there is something
 * to bring in order first. A second signal does at once what it does where nobody listens: it ends the program. To exit instead
 * would take down a driver that is at work, which crashes.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const listen = (name: (typeof SIGNALS)[number]) => {
    if (controller.signal.aborted) {
      close();
      process.kill(process.pid, name);
      return;
    }
    controller.abort();
    console.error(`\n${name}: ending in order; a second one ends at once.`);
  };
  const close = () => {
    for (const name of SIGNALS) process.off(name, listen);
  };
  for (const name of SIGNALS) process.on(name, listen);
  return { signal: controller.signal, close };
}
