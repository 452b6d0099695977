import type { Target } from '../gpu/kernel/target.ts';
import type { Tape, Way } from '../tape/tape.ts';

/** A way to compute an op, or one pass of it. `P` is what its shape rule found: a flat record. */
export interface Candidate<P> extends Way {
  /** Why it cannot run this problem on this adapter; undefined where it can. */
  readonly unfit?: (problem: P, target: Target) => string | undefined;
  /** Whether the plain choice should take it; candidates are listed best first and the last one takes all. */
  readonly suits?: (problem: P, target: Target) => boolean;
}

/**
 * The candidate that the tape's choice names where it fits, else the one that was measured to be fastest on this adapter,
 * else the first that fits and suits. Throws when no candidate fits.
 */
export function choose<P extends object, C extends Candidate<P>>(
  tape: Tape,
  op: string,
  candidates: readonly C[],
  problem: P,
): C {
  const { target } = tape;
  const fit = candidates.filter(({ unfit }) => unfit?.(problem, target) === undefined);
  const described = describeProblem(problem);
  const named = (wanted: string | undefined) =>
    fit.find(({ name }) => name === wanted) ?? fit.find(({ base }) => base !== undefined && base === wanted);
  const plain = fit.find(({ suits }) => suits?.(problem, target) ?? true) ?? fit.at(-1);
  const ways = fit.filter((candidate) => candidate !== plain);
  if (plain) ways.unshift(plain);
  const chosen =
    named(tape.choose(op, described, ways, tape.dispatches.length)) ??
    named(target.measured?.get(`${op} ${described}`)) ??
    plain;
  if (chosen) return chosen;
  const reasons = candidates.map(({ name, unfit }) => `${name}: ${unfit?.(problem, target)}`);
  throw new Error(`${op}: no kernel fits (${reasons.join('; ')}).`);
}

/** A problem by its fields, for example `rows=64 columns=64 depth=4608 slices=1 vec4`: equal problems read equal. */
const describeProblem = (problem: object): string =>
  Object.entries(problem)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => (value === true ? name : `${name}=${value}`))
    .join(' ');
