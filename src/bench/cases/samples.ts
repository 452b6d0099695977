import { random4 } from '../../data/random.ts';
import type { Samples } from './case.ts';

/** A few hundred indices below `size`, the first and the last among them, spread at random but the same in every run. */
export function someOf(size: number, count = 256): number[] {
  if (size <= count) return Array.from({ length: size }, (_, index) => index);
  const drawn = Array.from({ length: count - 2 }, (_, index) => random4(index, size, 0, 0)[0] % size);
  return [...new Set([0, ...drawn, size - 1])];
}

/** As many as can be computed in a moment when each takes `cost` multiplications. */
export const affordable = (size: number, cost: number): number[] =>
  someOf(size, Math.max(8, Math.min(256, Math.floor(2 ** 25 / cost))));

/** The given elements of a result. */
export const samplesAt = (indices: readonly number[], value: (index: number) => number): Samples =>
  new Map(indices.map((index) => [index, value(index)]));

/** Σ term(i) for i below `count`. */
export function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}
