/** How an engine and its peers did on one case. */
export interface Comparison {
  readonly name: string;
  readonly group: 'kernels' | 'training';
  /** Median milliseconds, by engine. */
  readonly medians: Readonly<Record<string, number>>;
  /** Milliseconds of the first run, compilation included, by engine. */
  readonly first: Readonly<Record<string, number>>;
}

export interface Summary {
  readonly adapter: string;
  /** Geometric means over a group's cases of how many times longer each peer takes. */
  readonly kernels: Readonly<Record<string, number>>;
  readonly training: Readonly<Record<string, number>>;
  /** The lowest single ratio. */
  readonly worst: number;
}

/** How many times longer a peer takes. */
export const ratioOf = ({ medians }: Comparison, own: string, peer: string): number =>
  (medians[peer] as number) / (medians[own] as number);

/** Cases that a peer was not measured on do not count for it. */
export function summarise(adapter: string, comparisons: readonly Comparison[], own: string, peers: readonly string[]) {
  const ratios = (group: Comparison['group'], peer: string) =>
    comparisons
      .filter((comparison) => comparison.group === group && peer in comparison.medians)
      .map((comparison) => ratioOf(comparison, own, peer));
  const means = (group: Comparison['group']) =>
    Object.fromEntries(peers.map((peer) => [peer, round(geometricMean(ratios(group, peer)))]));
  const all = peers.flatMap((peer) => [...ratios('kernels', peer), ...ratios('training', peer)]);
  return { adapter, kernels: means('kernels'), training: means('training'), worst: round(Math.min(...all)) };
}

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const round = (value: number): number => Math.round(100 * value) / 100;
