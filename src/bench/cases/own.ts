import { attentionCases } from './attention.ts';
import { batchNormCases } from './batch_norm.ts';
import type { BenchCase } from './case.ts';
import { convCases } from './conv2d.ts';
import { mapCases } from './elementwise.ts';
import { layerNormCases } from './layer_norm.ts';
import { linearCases, productCase } from './matmul.ts';
import { OWN_SHAPES } from './own_shapes.ts';

const NUMBERS = /\d+/g;

const SHAPES: readonly (readonly [RegExp, (...numbers: number[]) => BenchCase[]])[] = [
  [
    /^matmul \[(\d+,)?\d+,\d+\]x\[\d+,\d+\]$/,
    (...sizes) => {
      const [stack, rows, depth, again, columns] = (sizes.length === 4 ? [1, ...sizes] : sizes) as Five;
      if (depth !== again) throw new Error(`the columns of the one, ${depth}, are not the rows of the other, ${again}`);
      return [productCase(stack, rows, depth, columns)];
    },
  ],
  [
    /^linear \[\d+(,\d+)*\] ?\d+->\d+$/,
    (...sizes) => {
      const [from, to] = sizes.slice(-2) as [number, number];
      const rows = sizes.slice(0, -2);
      return linearCases(`linear [${rows}] ${from}->${to}`, rows, from, to);
    },
  ],
  [
    /^conv \d+x\d+ s\d+ p\d+ N\d+ C\d+ \d+x\d+ K\d+$/,
    (kernel, across, stride, padding, batch, from, size, wide, to) => {
      if (kernel !== across || size !== wide) throw new Error('images and filters have to be square');
      return convCases({ kernel, stride, padding, batch, from, size, to } as Parameters<typeof convCases>[0]);
    },
  ],
  [/^map \d+$/, (count) => mapCases(count as number)],
  [/^layer_norm \[\d+(,\d+)*\]$/, (...shape) => layerNormCases(shape)],
  [/^batch_norm \[\d+,\d+,\d+,\d+\]$/, (...shape) => batchNormCases(shape, false)],
  [
    /^attention \[\d+,\d+,\d+,\d+\]$/,
    (...shape) => attentionCases(shape as unknown as [number, number, number, number]),
  ],
];

type Five = [stack: number, rows: number, depth: number, again: number, columns: number];

/** The benchmarks of a shape of one's own, of each pass. Throws, in one sentence, where it cannot be read. */
export function ownCases(text: string): BenchCase[] {
  const asked = text.trim().replace(/ (forward|dgrad|wgrad|forward\+backward)$/, '');
  const [, make] = SHAPES.find(([pattern]) => pattern.test(asked)) ?? [];
  const numbers = (asked.replace(/^\w+/, '').match(NUMBERS) ?? []).map(Number);
  if (!make) throw new Error(`"${text}" is no shape that can be timed; such are ${OWN_SHAPES.join('; ')}.`);
  try {
    // A padding alone may be 0.
    if (/(?<![\dp])0+(?!\d)/.test(asked)) throw new Error('a size is 0');
    return make(...numbers);
  } catch (error) {
    throw new Error(`"${text}" is no shape that can be timed: ${(error as Error).message}.`);
  }
}

/** The tag of cases whose sizes no tile divides. */
export const RAGGED = 'ragged';

/** Of every way to tell a shape. */
export const raggedCases = (): BenchCase[] =>
  OWN_SHAPES.flatMap(ownCases).map((bench) => ({ ...bench, tags: [RAGGED] }));
