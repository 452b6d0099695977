import type { DispatchInfo } from '../gpu/program/dispatch_info.ts';
import type { ProgramMemory } from '../gpu/program/program.ts';
import { alignColumns } from './align.ts';

interface LayerCost {
  layer: string;
  dispatches: number;
  flops: number;
  bytes: number;
  nanoseconds: number;
}

/**
 * A program's dispatches by layer as an aligned plain-text table: how many, their FLOPs and bytes, and (where they
 * were timed) their milliseconds. What belongs to no layer, such as losses and the optimizer, is listed by its op.
 */
export function dispatchTable(dispatches: readonly (DispatchInfo & { readonly nanoseconds?: number })[]): string {
  const layers = new Map<string, LayerCost>();
  for (const { label, flops, bytes, nanoseconds = 0 } of dispatches) {
    const space = label.indexOf(' ');
    const layer = space > 0 ? label.slice(0, space) : label.replace(/\..*/, '');
    const cost = layers.get(layer) ?? { layer, dispatches: 0, flops: 0, bytes: 0, nanoseconds: 0 };
    layers.set(layer, cost);
    cost.dispatches++;
    cost.flops += flops;
    cost.bytes += bytes;
    cost.nanoseconds += nanoseconds;
  }
  const costs = [...layers.values()];
  const total = costs.reduce(
    (sum, cost) => ({
      layer: 'all',
      dispatches: sum.dispatches + cost.dispatches,
      flops: sum.flops + cost.flops,
      bytes: sum.bytes + cost.bytes,
      nanoseconds: sum.nanoseconds + cost.nanoseconds,
    }),
    { layer: 'all', dispatches: 0, flops: 0, bytes: 0, nanoseconds: 0 },
  );
  const timed = total.nanoseconds > 0;
  const row = ({ layer, dispatches: count, flops, bytes, nanoseconds }: LayerCost) => [
    layer,
    `${count}`,
    (flops / 1e6).toFixed(1),
    (bytes / 2 ** 20).toFixed(2),
    ...(timed ? [(nanoseconds / 1e6).toFixed(2)] : []),
  ];
  const rows = [['layer', 'dispatches', 'MFLOP', 'MiB', ...(timed ? ['ms'] : [])], ...costs.map(row), row(total)];
  return alignColumns(rows).join('\n');
}

/** A program's memory in a line. */
export function memoryLine({ planned, peak, saved, lasting }: ProgramMemory): string {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  return `temporaries ${mib(planned)} (${mib(peak)} at once; sharing saved ${mib(saved)}), lasting tensors ${mib(lasting)}`;
}
