import type { Target } from '../gpu/kernel/target.ts';
import type { Tape } from '../tape/tape.ts';

/** One way to compute an op (or one pass of it), by name. `P` is what its shape rule found. */
export interface Candidate<P> {
  readonly name: string;
  /** Why it cannot run this problem on this adapter; undefined where it can. */
  readonly unfit?: (problem: P, target: Target) => string | undefined;
  /** Whether the plain choice should take it; candidates are listed best first and the last one takes all. */
  readonly suits?: (problem: P, target: Target) => boolean;
}

/**
 * The candidate that `tape.candidates` forces for this op where it fits, else the first that fits and suits.
 * Throws when no candidate fits.
 */
export function choose<P, C extends Candidate<P>>(tape: Tape, op: string, candidates: readonly C[], problem: P): C {
  const fit = candidates.filter(({ unfit }) => unfit?.(problem, tape.target) === undefined);
  const forced = fit.find(({ name }) => name === tape.candidates[op]);
  const chosen = forced ?? fit.find(({ suits }) => suits?.(problem, tape.target) ?? true) ?? fit.at(-1);
  if (chosen) return chosen;
  const reasons = candidates.map(({ name, unfit }) => `${name}: ${unfit?.(problem, tape.target)}`);
  throw new Error(`${op}: no kernel fits (${reasons.join('; ')}).`);
}
