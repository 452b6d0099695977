import type { Device } from '../gpu/device.ts';
import { gradcheckCases, problemOps } from './gradcheck.ts';
import { runCase } from './runner.ts';

/** What an op's kernels gave on a device, held to float64. */
export interface SelfTested {
  readonly op: string;
  /** The ways to compute it that this adapter has; `default` is what the engine takes of its own accord. */
  readonly candidates: readonly string[];
  /** Outputs and gradients of a problem with a candidate are one check. */
  readonly checks: number;
  /** A sentence for each that is wrong or does not run: problem, candidate, tensor, how far off. */
  readonly failures: readonly string[];
}

/**
 * Runs small problems of the given ops, or of all, with every kernel candidate that this adapter can run, and holds outputs
 * and gradients to plain loops in float64. Yields an op as soon as it is done; all take a minute or two without a GPU, most of it for
 * compiling. Once `signal` is aborted it ends after the check at hand, without the op that this is part of. Throws where there is no
 * such op.
 */
export async function* selfTest(
  device: Device,
  ops: readonly string[] = problemOps,
  signal?: AbortSignal,
): AsyncGenerator<SelfTested> {
  for (const op of ops) {
    const candidates = new Set<string>();
    const failures: string[] = [];
    let checks = 0;
    for (const golden of gradcheckCases(op))
      for await (const { variant, failures: wrong } of runCase(device, golden)) {
        if (signal?.aborted) return;
        candidates.add(variant);
        checks++;
        if (wrong.length > 0) failures.push(`${golden.name} (${variant}): ${wrong.join('; ')}`);
      }
    yield { op, candidates: [...candidates], checks, failures };
  }
}
