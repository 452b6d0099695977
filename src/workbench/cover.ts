/** Something that may be chosen: what it shows, and what it takes to see it. */
export interface Candidate<T> {
  readonly own: T;
  readonly shows: ReadonlySet<string>;
  /** By name, so that what several candidates need is counted once. */
  readonly costs: ReadonlyMap<string, number>;
}

/**
 * A few of many that show together all that the many show: again and again the one that shows most that is new, by what it costs
 * beyond those that are chosen already.
 */
export function cover<T>(all: readonly Candidate<T>[]): T[] {
  const open = new Set(all.flatMap(({ shows }) => [...shows]));
  const paid = new Set<string>();
  const chosen: T[] = [];
  while (open.size > 0) {
    let best: Candidate<T> | undefined;
    let most = 0;
    for (const candidate of all) {
      const gain = [...candidate.shows].filter((own) => open.has(own)).length;
      const cost = [...candidate.costs].reduce((sum, [name, own]) => sum + (paid.has(name) ? 0 : own), 0);
      // What costs nothing more is best.
      const worth = gain === 0 ? 0 : gain / Math.max(cost, 1e-3);
      if (worth <= most) continue;
      best = candidate;
      most = worth;
    }
    if (!best) break;
    for (const own of best.shows) open.delete(own);
    for (const name of best.costs.keys()) paid.add(name);
    chosen.push(best.own);
  }
  return chosen;
}
