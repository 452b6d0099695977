import type { BenchCase } from '../../src/bench/cases.ts';
import { difference } from '../../src/bench/measure_case.ts';
import { interleave, type Run } from '../../src/bench/timing.ts';
import type { Network } from './networks.ts';
import type { Peer } from './peer.ts';
import type { Comparison } from './summary.ts';

const KERNEL_ROUNDS = { rounds: 7, budget: 3000 };
/** Peers whose steps take half a minute get two samples. */
const TRAINING_ROUNDS = { rounds: 5, budget: 15_000 };
/** How far two engines' results may differ, relative to the largest value, and their losses. */
export const TOLERANCE = 1e-3;
/** Training amplifies what differs in the last bits, so that only the first losses can be held to agree. */
const CHECKED_STEPS = 3;

/** Times one kernel in all engines, the first of which is ours. Throws where a result is another than ours. */
export async function compareKernels(bench: BenchCase, engines: readonly Peer[]): Promise<Comparison> {
  const prepared = [];
  for (const engine of engines) prepared.push(await engine.prepare(bench));
  const timed = await timeAll(engines, prepared, KERNEL_ROUNDS);
  const [own = [], ...others] = await inTurn(prepared, ({ read }) => read());
  others.forEach((other, index) => {
    const error = difference(own, other);
    if (!(error <= TOLERANCE))
      throw new Error(`${bench.name}: the results of ${engines[index + 1]?.name} and ours differ by ${error}.`);
  });
  for (const { dispose } of prepared) dispose();
  return { name: bench.name, group: 'kernels', ...timed };
}

/** Times the training step of a network in all engines. Throws where their losses are not the same. */
export async function compareTraining(network: Network, engines: readonly Peer[]): Promise<Comparison> {
  const trainings = await inTurn(engines, (engine) => engine.train(network));
  const timed = await timeAll(engines, trainings, TRAINING_ROUNDS);
  const [own = [], ...others] = trainings.map(({ losses }) => losses.slice(0, CHECKED_STEPS));
  others.forEach((other, index) => {
    const agree = own.every((loss, step) => Math.abs(loss / (other[step] ?? 0) - 1) <= TOLERANCE);
    if (!agree)
      throw new Error(`${network.name}: ${engines[index + 1]?.name} has the losses ${other}, and ours are ${own}.`);
  });
  for (const { dispose } of trainings) dispose();
  return { name: network.name, group: 'training', ...timed };
}

async function timeAll(
  engines: readonly Peer[],
  runs: readonly { readonly run: Run }[],
  options: { rounds: number; budget: number },
): Promise<Pick<Comparison, 'medians' | 'first'>> {
  const timings = await interleave(
    runs.map(({ run }) => run),
    options,
  );
  const byEngine = (value: (index: number) => number) =>
    Object.fromEntries(engines.map(({ name }, index) => [name, value(index)]));
  return {
    medians: byEngine((index) => timings[index]?.median as number),
    first: byEngine((index) => timings[index]?.first as number),
  };
}

async function inTurn<T, R>(items: readonly T[], start: (item: T) => Promise<R>): Promise<R[]> {
  const results = [];
  for (const item of items) results.push(await start(item));
  return results;
}
