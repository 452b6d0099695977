import { type BenchCase, selectCases } from '../../../src/bench/cases.ts';
import { measureRoofs } from '../../../src/bench/roofs.ts';
import { type BenchEvent, measureCases } from '../../../src/bench/run_bench.ts';
import type { SideBySide } from '../../../src/bench/side_by_side.ts';
import type { Device } from '../../../src/gpu/device.ts';
import { compareKernels, compareTraining } from '../../peers/compare.ts';
import { networks } from '../../peers/networks.ts';
import { ours } from '../../peers/ours.ts';
import { startPeer } from '../../peers/peers.ts';
import type { Choice } from './choice.ts';

/** What a run tells after its start, an event a case: of a kernel also how its peers do, of a training step that alone. */
export type SuiteEvent =
  | (BenchEvent & { readonly sideBySide?: SideBySide })
  | { readonly kind: 'trained'; readonly case: string; readonly sideBySide: SideBySide };

/** As on the command line. */
const USUAL = { rounds: 7, limit: 3 };

/** The kernels that are timed: none where no case has the words, but there are training steps. Throws where there is nothing. */
function kernelsOf({ target }: Device, { pattern, all, networks: trained }: Choice): BenchCase[] {
  try {
    return selectCases(pattern, { kind: target.kind, all });
  } catch (error) {
    if (trained.length > 0) return [];
    throw error;
  }
}

/** The names of what is run. Throws where there is nothing. */
export const casesOf = (device: Device, choice: Choice): string[] => [
  ...kernelsOf(device, choice).map(({ name }) => name),
  ...choice.networks,
];

/** Times the chosen cases and training steps, and beside them the engines that can run them too, until the signal is aborted. */
export async function* runSuite(device: Device, choice: Choice, signal: AbortSignal): AsyncGenerator<SuiteEvent> {
  const kernels = new Map(kernelsOf(device, choice).map((bench) => [bench.name, bench]));
  const engines = [ours(device)];
  for (const name of choice.peers) engines.push(await startPeer(name));
  for await (const event of measured(device, choice, kernels.size, signal)) {
    if (event.kind === 'start') yield { ...event, cases: [...event.cases, ...choice.networks] };
    else {
      const bench = kernels.get(event.case);
      const isCompared = event.kind === 'measured' && engines.length > 1 && bench?.problem;
      yield isCompared ? { ...event, sideBySide: await compareKernels(bench, engines, signal) } : event;
    }
  }
  for (const network of networks) {
    if (signal.aborted) return;
    if (!choice.networks.includes(network.name)) continue;
    yield { kind: 'trained', case: network.name, sideBySide: await compareTraining(network, engines, signal) };
  }
}

async function* measured(
  device: Device,
  choice: Choice,
  kernels: number,
  signal: AbortSignal,
): AsyncGenerator<BenchEvent> {
  if (kernels > 0) yield* measureCases(device, { ...USUAL, ...choice }, signal);
  else yield { kind: 'start', roofs: await measureRoofs(device), cases: [], matching: 0 };
}
