// A roofline in a box of a given size: how much is computed a second by how much is computed a byte, both logarithmic.
import type { Roofs, Work } from '../report/roof.ts';

export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Roofline {
  /** From the left edge up memory's roof to the ridge, then along that of computing to the right edge. */
  readonly roof: readonly Place[];
  /** Where work of so many FLOP a byte is that takes so long. */
  place(work: Work, milliseconds: number): Place;
  /** Powers of ten along either axis. */
  readonly intensities: readonly { readonly value: number; readonly x: number }[];
  readonly rates: readonly { readonly value: number; readonly y: number }[];
}

/** FLOP a byte at the left and right edge. */
const INTENSITIES = [0.01, 10_000] as const;
/** Of rates from the highest roof down. */
const DECADES = 5;

export function rooflineIn({ width, height }: Box, { gflops, gigabytes }: Roofs): Roofline {
  const [least, most] = INTENSITIES.map(Math.log10) as [number, number];
  const top = Math.ceil(Math.log10(gflops) + 0.2);
  const xOf = (intensity: number) => clamp((Math.log10(intensity) - least) / (most - least)) * width;
  const yOf = (rate: number) => clamp((top - Math.log10(rate)) / DECADES) * height;
  const ridge = gflops / gigabytes;
  const roofAt = (intensity: number): Place => ({
    x: xOf(intensity),
    y: yOf(Math.min(gflops, intensity * gigabytes)),
  });
  // Where memory's roof leaves the box at its lower edge.
  const foot = Math.max(INTENSITIES[0], 10 ** (top - DECADES) / gigabytes);
  const powers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  return {
    roof: [roofAt(foot), roofAt(ridge), roofAt(INTENSITIES[1])],
    place: ({ flops, bytes }, milliseconds) => ({ x: xOf(flops / bytes), y: yOf(flops / milliseconds / 1e6) }),
    intensities: powers(least, most).map((value) => ({ value, x: xOf(value) })),
    rates: powers(top - DECADES, top).map((value) => ({ value, y: yOf(value) })),
  };
}

const clamp = (part: number): number => Math.min(1, Math.max(0, part));
