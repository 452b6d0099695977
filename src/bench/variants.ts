import type { Device } from '../gpu/device.ts';
import { plan } from '../gpu/program/plan.ts';
import type { Work } from '../report/roof.ts';
import type { Dispatch } from '../tape/launch.ts';
import { createTape, type Tape, type TapeOptions } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { type BenchCase, recordCase } from './cases.ts';

/** The engine's own choice alone, also one candidate of each kernel in its usual tiling, or all tilings. */
export const CANDIDATES = ['default', 'kernels', 'tilings'] as const;
export type Candidates = (typeof CANDIDATES)[number];

/** A program of a case. */
export interface Variant {
  readonly candidate: string;
  readonly tape: Tape;
  /** Those that run: what nothing asks for is left out. */
  readonly dispatches: readonly Dispatch[];
  readonly work: Work;
  readonly kernel: string;
}

/** The distinct programs that the candidates of a case make of its inputs, in their order, and its rivals. */
export function variants(
  { target }: Device,
  bench: BenchCase,
  inputs: Readonly<Record<string, Tensor>>,
  candidates: Candidates,
): Variant[] {
  const found = new Map<string, Variant>();
  const add = (candidate: string, choose?: TapeOptions['candidates'], build = bench.build) => {
    const tape = createTape(target, choose && { candidates: choose });
    recordCase(tape, { ...bench, build }, inputs);
    const { dispatches } = plan(tape.dispatches, [...tape.outputs.values()]);
    const signature = signatureOf(dispatches);
    const kernel = dispatches.reduce((most, own) => (own.flops > most.flops ? own : most)).kernel.name;
    if (!found.has(signature)) found.set(signature, { candidate, tape, dispatches, kernel, work: workOf(dispatches) });
  };
  const names = new Set<string>();
  add('default', (op, _problem, ways) => {
    if (op === bench.family)
      for (const { name, base = name } of ways) names.add(candidates === 'tilings' ? name : base);
    return undefined;
  });
  if (candidates === 'default') return [...found.values()];
  for (const name of names) add(name, (op) => (op === bench.family ? name : undefined));
  for (const [rival, build] of Object.entries(bench.rivals ?? {})) add(rival, undefined, build);
  return [...found.values()];
}

const signatureOf = (dispatches: readonly Dispatch[]): string =>
  JSON.stringify(dispatches.map(({ kernel, constants, workgroups }) => [kernel.name, constants, workgroups]));

const workOf = (dispatches: readonly Work[]): Work => ({
  flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
  bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
});
