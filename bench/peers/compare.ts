import type { BenchCase } from '../../src/bench/cases.ts';
import { difference } from '../../src/bench/measure_case.ts';
import type { SideBySide } from '../../src/bench/side_by_side.ts';
import { interleave, type Run, type Timing } from '../../src/bench/timing.ts';
import type { Network } from './networks.ts';
import type { Peer } from './peer.ts';

const KERNEL_ROUNDS = { rounds: 7, budget: 3000 };
/** Peers whose steps take half a minute get two samples. */
const TRAINING_ROUNDS = { rounds: 5, budget: 15_000 };
/** How far two engines' results may differ, relative to the largest value, and their losses. */
export const TOLERANCE = 1e-3;
/** Training amplifies what differs in the last bits, so that only the first losses can be held to agree. */
const CHECKED_STEPS = 3;

/**
 * Times one kernel in all engines, the first of which is ours. One that cannot run it, or whose result is not ours, has no time but
 * a sentence that says so. Ends early, with fewer samples, once the signal is aborted.
 */
export const compareKernels = (bench: BenchCase, engines: readonly Peer[], signal?: AbortSignal): Promise<SideBySide> =>
  takeSides(engines, {
    ...{ name: bench.name, group: 'kernels' },
    rounds: { ...KERNEL_ROUNDS, signal },
    start: (engine) => engine.prepare(bench),
    result: ({ read }) => read(),
    misfit(own, other) {
      const error = difference(own, other);
      return error <= TOLERANCE ? undefined : `its result and ours differ by ${error.toPrecision(2)}`;
    },
  });

/** The same for the training step of a network, where the first losses have to be ours. */
export const compareTraining = (
  network: Network,
  engines: readonly Peer[],
  signal?: AbortSignal,
): Promise<SideBySide> =>
  takeSides(engines, {
    ...{ name: network.name, group: 'training' },
    rounds: { ...TRAINING_ROUNDS, signal },
    start: (engine) => engine.train(network),
    result: async ({ losses }) => losses.slice(0, CHECKED_STEPS),
    misfit(own, other) {
      const agree = own.every((loss, step) => Math.abs(loss / (other[step] ?? 0) - 1) <= TOLERANCE);
      return agree ? undefined : `its losses are ${other.join(', ')}, and ours ${own.join(', ')}`;
    },
  });

interface Sides<T, R> extends Pick<SideBySide, 'name' | 'group'> {
  readonly rounds: Parameters<typeof interleave>[1];
  start(engine: Peer): Promise<T>;
  result(started: T): Promise<R>;
  /** What is wrong with a result, where something is. */
  misfit(own: R, other: R): string | undefined;
}

async function takeSides<T extends { readonly run: Run; dispose(): void }, R>(
  engines: readonly Peer[],
  { name, group, rounds, start, result, misfit }: Sides<T, R>,
): Promise<SideBySide> {
  const without: Record<string, string> = {};
  /** Does what an engine is to do unless it has failed: one that does leaves all others as they are. */
  const attempt = async <A>(engine: Peer, act: () => Promise<A>): Promise<A | undefined> => {
    if (engine.name in without) return undefined;
    try {
      return await act();
    } catch (error) {
      without[engine.name] = (error as Error).message;
      return undefined;
    }
  };
  const started: { readonly engine: Peer; readonly own: T }[] = [];
  for (const engine of engines) {
    const own = await attempt(engine, () => start(engine));
    if (own) started.push({ engine, own });
  }
  const times = await interleave(
    started.map(
      ({ engine, own }): Run =>
        async (count) => {
          await attempt(engine, () => own.run(count));
        },
    ),
    rounds,
  );
  let ours: R | undefined;
  const timings: Record<string, Timing> = {};
  for (const [index, { engine, own }] of started.entries()) {
    const got = await attempt(engine, () => result(own));
    own.dispose();
    if (got === undefined) continue;
    if (engine === engines[0]) ours = got;
    const wrong = ours === undefined ? 'ours has no result to hold it to' : misfit(ours, got);
    if (wrong) without[engine.name] = wrong;
    else timings[engine.name] = times[index] as Timing;
  }
  return { name, group, timings, without };
}
