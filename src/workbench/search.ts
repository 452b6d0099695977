import { compareRuns, inWords, verdictOf } from '../bench/comparison.ts';
import type { Run } from '../bench/timing.ts';
import { type Roofs, shareOfRoof } from '../report/roof.ts';
import type { EditedCase, TimedCase } from './timed_case.ts';

type Constants = Readonly<Record<string, number>>;

/** One step of a search for constants, in words and numbers. */
export interface Trial {
  readonly constants: Constants;
  /** `out`: so slow at once that it was not compared; `roof`: the best so far is so near the adapter's roof that nothing more is tried. */
  readonly verdict: 'start' | 'faster' | 'no faster' | 'out' | 'wrong' | 'roof' | 'end';
  readonly why: string;
  /** Of an execution, where it was timed. */
  readonly milliseconds?: number;
}

export interface SearchOptions {
  readonly kernel: string;
  /** The constants to try others of, with the values to begin with. */
  readonly constants: Constants;
  readonly roofs: Roofs;
  readonly signal?: AbortSignal | undefined;
}

const COMPARISON = { rounds: 2, budget: 300, sample: 8 };
/** What takes this many times as long as the best at once is not compared with it. */
const HOPELESS = 1.4;
/** A share of the roof beyond which nothing is left to win. */
const NEAR = 0.9;

/**
 * Constants are flags where their texts test them as `NAME == 1u`, or where they are 0: what is left says how much a workgroup or
 * an invocation takes at once.
 */
export const tilesIn = (text: string, constants: Constants): string[] =>
  Object.keys(constants).filter((name) => {
    const isSmall = (constants[name] ?? 0) <= 1;
    return (
      Number.isInteger(constants[name]) &&
      constants[name] !== 0 &&
      !(isSmall && new RegExp(`\\b${name} == 1u`).test(text))
    );
  });

/**
 * Doubles and halves one constant after the other for as long as that is faster, until none is. Each try is held to the result of
 * the benchmark; one that is hopeless at its first execution goes no further.
 */
export async function* search(
  timed: TimedCase,
  { kernel, constants: start, roofs, signal }: SearchOptions,
): AsyncGenerator<Trial> {
  const compile = (constants: Constants) => timed.compileEdited({ kernel, constants });
  const seen = new Set<string>([JSON.stringify(start)]);
  let own: EditedCase = compile(start);
  let best: { constants: Constants; runs: readonly Run[]; milliseconds: number };
  try {
    const runs = await own.runs();
    best = { constants: start, runs, milliseconds: await once(runs) };
  } catch (error) {
    own.destroy();
    yield { constants: start, verdict: 'wrong', why: (error as Error).message };
    return;
  }
  yield { constants: start, verdict: 'start', why: 'what it is now', milliseconds: best.milliseconds };
  try {
    for (let improved = true; improved; ) {
      improved = false;
      for (const name of Object.keys(start))
        for (const factor of [2, 1 / 2]) {
          let goesOn = true;
          while (goesOn) {
            goesOn = false;
            const { share, bound } = shareOfRoof(timed.work, best.milliseconds, roofs);
            if (share >= NEAR) {
              const why = `${(100 * share).toFixed(0)} % of the roof that binds it (${bound}): nothing is left to win`;
              return yield { constants: best.constants, verdict: 'roof', why, milliseconds: best.milliseconds };
            }
            const value = (best.constants[name] as number) * factor;
            const constants = { ...best.constants, [name]: value };
            if (value < 1 || !Number.isInteger(value) || seen.has(JSON.stringify(constants))) continue;
            if (signal?.aborted) return;
            seen.add(JSON.stringify(constants));
            const tried = compile(constants);
            const { trial, runs } = await compare(tried, constants, best, signal);
            yield trial;
            if (trial.verdict !== 'faster') {
              tried.destroy();
              continue;
            }
            own.destroy();
            own = tried;
            best = { constants, runs, milliseconds: trial.milliseconds as number };
            improved = true;
            goesOn = true;
          }
        }
    }
    const why = 'no constant doubled or halved is faster';
    yield { constants: best.constants, verdict: 'end', why, milliseconds: best.milliseconds };
  } finally {
    own.destroy();
  }
}

async function compare(
  tried: EditedCase,
  constants: Constants,
  best: { readonly runs: readonly Run[]; readonly milliseconds: number },
  signal: AbortSignal | undefined,
): Promise<{ trial: Trial; runs: readonly Run[] }> {
  let runs: readonly Run[] = [];
  try {
    runs = await tried.runs();
  } catch (error) {
    // What does not fit the adapter, or each other, is no mistake of the search.
    return { trial: { constants, verdict: 'wrong', why: (error as Error).message.split('\n')[0] ?? '' }, runs };
  }
  const milliseconds = await once(runs);
  const times = milliseconds / best.milliseconds;
  if (times > HOPELESS)
    return {
      trial: { constants, verdict: 'out', why: `${times.toFixed(1)} times as long at once`, milliseconds },
      runs,
    };
  const compared = await compareRuns(best.runs, runs, { ...COMPARISON, signal });
  const verdict = verdictOf(compared) === 'faster' ? 'faster' : 'no faster';
  return { trial: { constants, verdict, why: inWords(compared), milliseconds: compared.after }, runs };
}

/** The fastest of a few executions of one copy, of which the first pays for memory. */
async function once([run]: readonly Run[]): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    await run?.(1);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
