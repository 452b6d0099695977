import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';

/** A long sum cut into parts that run at the same time. */
export interface Split {
  readonly splits: number;
  /** Terms of a part, where there are several a multiple of 16 unless asked otherwise; the last may have fewer. */
  readonly terms: number;
}

/** The most parts worth their partials, for a sum of so many terms at each of so many places. */
export const mostSplits = (terms: number, places: number): number =>
  Math.max(1, Math.min(Math.floor(terms / LEAST_TERMS), Math.floor(PARTIAL_FLOATS / places)));

/** Cuts a sum into so many parts or fewer. */
export function split(terms: number, parts: number, multiple = STEP): Split {
  if (parts === 1) return { splits: 1, terms };
  const each = Math.ceil(terms / parts / multiple) * multiple;
  return { splits: Math.ceil(terms / each), terms: each };
}

/** The floats of a partial that has so many places: whole vec4s. */
export const partialSize = (places: number): number => Math.ceil(places / 4) * 4;

/** Adds partials [splits, partial size] in a fixed order to a contiguous total, or to what that holds; then takes max(sum, 0) for `relu`. */
export function sumPartials(
  tape: Tape,
  partials: Tensor,
  total: Tensor,
  { accumulate = false, relu = false, label }: { accumulate?: boolean; relu?: boolean; label: string },
): void {
  const kernel = kernels['reduce/sum_partials'];
  const [splits, size] = partials.shape as [number, number];
  tape.dispatch(kernel, {
    bindings: { partials, total },
    uniforms: { vec4s: size / 4, splits },
    constants: { ACCUMULATE: accumulate ? 1 : 0, RELU: relu ? 1 : 0 },
    workgroups: grid(tape.target, Math.ceil(size / 4 / tile(tape.target, kernel.constants).WORKGROUP)),
    label,
    flops: splits * size,
    updates: accumulate ? total : undefined,
  });
}

/** Parts start at multiples of every GEMM body's step; a part has enough terms to be worth its partial. */
const STEP = 16;
const LEAST_TERMS = 64;

/** The most that the partials of one sum may take: 32 MiB. */
const PARTIAL_FLOATS = 2 ** 23;
