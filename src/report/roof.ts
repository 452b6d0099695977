/** What an adapter does at most, as measured on it: GFLOP of multiply-adds and gigabytes of copying a second. */
export interface Roofs {
  readonly gflops: number;
  readonly gigabytes: number;
  /** Half of what the middle half of the samples covers, by their median: the larger one of both. */
  readonly spread?: number;
}

export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

/** How near a kernel comes to the roof that binds it. */
export interface Share {
  /** The least time that its operations or its bytes take at the roofs, by the time that it took. */
  readonly share: number;
  readonly bound: 'compute' | 'memory';
}

export function shareOfRoof({ flops, bytes }: Work, milliseconds: number, { gflops, gigabytes }: Roofs): Share {
  const [compute, memory] = [flops / gflops / 1e6, bytes / gigabytes / 1e6];
  return { share: Math.max(compute, memory) / milliseconds, bound: compute >= memory ? 'compute' : 'memory' };
}
