/** Executions in a sample, and by how much more they are tried in one step: what the first ones take is mostly the wait. */
const MOST_TIMES = 4096;
const MOST_GROWTH = 16;

/** How often something was executed at once, and the milliseconds of all of these. */
export interface Repeated {
  readonly times: number;
  readonly taken: number;
}

/**
 * Executes something more and more often at once, until that lasts `sample` milliseconds or at least half of it: a clock is coarse,
 * and waiting takes time itself. `run` tells the milliseconds of so many executions.
 */
export async function repeatUntil(run: (times: number) => Promise<number>, sample: number): Promise<Repeated> {
  let times = 1;
  let taken = await run(times);
  while (taken < sample / 2 && times < MOST_TIMES) {
    // A clock that is coarse may give no time at all.
    times = Math.min(MOST_TIMES, Math.ceil(times * Math.min(sample / taken, MOST_GROWTH)));
    taken = await run(times);
  }
  return { times, taken };
}
