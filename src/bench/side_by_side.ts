import { geometricMean } from '../quantile.ts';
import { markdownLines } from '../report/markdown.ts';
import type { Timing } from './timing.ts';

/** How several engines did on one case, taking turns. */
export interface SideBySide {
  readonly name: string;
  readonly group: 'kernels' | 'training';
  /** Milliseconds of one run or step, by engine: of those whose result is right. */
  readonly timings: Readonly<Record<string, Timing>>;
  /** Why each of the others has none. */
  readonly without: Readonly<Record<string, string>>;
}

/** This engine's name among others. */
export const OWN = 'coin';

/** How many times longer a peer takes; undefined where one of both was not timed. */
export function ratioOf({ timings }: SideBySide, peer: string): number | undefined {
  const [own, other] = [timings[OWN], timings[peer]];
  return own && other && other.median / own.median;
}

/** All engines but this one, in the order in which they are first met. */
export const peersOf = (all: readonly SideBySide[]): string[] =>
  [...new Set(all.flatMap(({ timings, without }) => [...Object.keys(timings), ...Object.keys(without)]))].filter(
    (name) => name !== OWN,
  );

/** How many times longer each peer takes, as geometric means over the cases of a group on which it was timed. */
export interface PeerMeans {
  readonly kernels: Readonly<Record<string, number>>;
  readonly training: Readonly<Record<string, number>>;
}

export function peerMeans(all: readonly SideBySide[]): PeerMeans {
  const means = (group: SideBySide['group']) =>
    Object.fromEntries(
      peersOf(all).flatMap((peer) => {
        const ratios = all.flatMap((own) => (own.group === group ? (ratioOf(own, peer) ?? []) : []));
        return ratios.length > 0 ? [[peer, geometricMean(ratios)]] : [];
      }),
    );
  return { kernels: means('kernels'), training: means('training') };
}

/** A Markdown table with a row a case, and a row of geometric means for each group. */
export function sideBySideTable(all: readonly SideBySide[]): string[] {
  const peers = peersOf(all);
  const engines = [OWN, ...peers];
  const ratio = (value: number | undefined) => value?.toFixed(2) ?? '';
  const cases = all.map((own) => [
    own.name,
    ...engines.map((engine) => timeOf(own.timings[engine]) ?? own.without[engine] ?? ''),
    ...peers.map((peer) => ratio(ratioOf(own, peer))),
  ]);
  const means = Object.entries(peerMeans(all)).flatMap(([group, mean]: [string, Readonly<Record<string, number>>]) =>
    Object.keys(mean).length > 0
      ? [[`geometric mean, ${group}`, ...engines.map(() => ''), ...peers.map((peer) => ratio(mean[peer]))]]
      : [],
  );
  const headings = ['median ms [first run]', ...engines, ...peers.map((peer) => `× ${peer}`)];
  return markdownLines(headings, [...cases, ...means]);
}

const timeOf = (timing: Timing | undefined): string | undefined =>
  timing && `${milliseconds(timing.median)} [${timing.first.toFixed(0)}]`;

/** Three digits, without an exponent. */
export const milliseconds = (value: number): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0));
