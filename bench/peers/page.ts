// Runs the cases through this engine and its peers, all in one page and on one adapter, taking turns.
// The last line that it prints is a summary as JSON.
import { type BenchCase, selectCases } from '../cases.ts';
import { difference } from '../run.ts';
import { interleave } from '../timing.ts';
import { jax } from './jax.ts';
import { ours } from './ours.ts';
import type { Peer } from './peer.ts';

const PEERS: Readonly<Record<string, Peer>> = { jax };
const CASES = ['matmul 512 NN', 'conv 3x3 s1'];
const ROUNDS = 9;
/** How far two engines' sums may differ, relative to the largest value. */
const TOLERANCE = 1e-3;

interface Comparison {
  readonly case: BenchCase;
  /** Milliseconds, ours first. */
  readonly medians: readonly number[];
  /** How many times longer each peer takes. */
  readonly ratios: readonly number[];
}

async function compareEngines(bench: BenchCase, engines: readonly Peer[]): Promise<Comparison> {
  const prepared = [];
  for (const engine of engines) prepared.push(await engine.prepare(bench));
  const timings = await interleave(
    prepared.map(({ run }) => run),
    { rounds: ROUNDS, budget: Number.POSITIVE_INFINITY },
  );
  const results = [];
  for (const { read } of prepared) results.push(await read());
  const [own = [], ...others] = results;
  others.forEach((other, index) => {
    const error = difference(own, other);
    if (!(error <= TOLERANCE))
      throw new Error(`${bench.name}: the results of ${engines[index + 1]?.name} and ours differ by ${error}.`);
  });
  const medians = timings.map(({ median }) => median);
  return { case: bench, medians, ratios: medians.slice(1).map((median) => median / (medians[0] as number)) };
}

function printRow(name: string, cells: readonly string[]): void {
  console.log([name.padEnd(44), ...cells.map((cell) => cell.padStart(14))].join(' '));
}

async function main(): Promise<void> {
  const own = ours();
  const engines = [own, ...Object.values(PEERS)];
  for (const engine of engines) await engine.start();
  console.log(`adapter: ${own.adapter}; medians of ${ROUNDS} interleaved rounds`);
  printRow('case', [...engines.map(({ name }) => `${name} ms`), ...Object.keys(PEERS).map((name) => `× ${name}`)]);
  const comparisons: Comparison[] = [];
  for (const bench of CASES.flatMap(selectCases)) {
    const comparison = await compareEngines(bench, engines);
    comparisons.push(comparison);
    const { medians, ratios } = comparison;
    printRow(
      bench.name,
      [...medians, ...ratios].map((value) => value.toFixed(2)),
    );
  }
  const kernels = Object.keys(PEERS).map((name, index) => [
    name,
    round(geometricMean(comparisons.map(({ ratios }) => ratios[index] as number))),
  ]);
  const worst = round(Math.min(...comparisons.flatMap(({ ratios }) => ratios)));
  console.log(JSON.stringify({ adapter: own.adapter, kernels: Object.fromEntries(kernels), worst }));
}

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const round = (value: number): number => Math.round(100 * value) / 100;

main().then(
  () => testPage?.exit(0),
  (error: Error) => {
    console.log(`error: ${error.message}`);
    testPage?.exit(1);
  },
);
