import type { Device } from '../gpu/device.ts';
import { compile, type Readback } from '../gpu/program/program.ts';
import type { Model } from '../nn/model.ts';
import { sumRows } from '../ops/reduce.ts';
import { createTape } from '../tape/tape.ts';
import { SLICE_ALIGNMENT, wholeChunk } from '../tape/tensor.ts';
import { firstNonFinite, nonFinite } from '../weights/finite.ts';
import { saveState } from '../weights/state_dict.ts';

/** Slices of an arena are aligned to as many floats, and what lies between them is zero. */
const COLUMNS = SLICE_ALIGNMENT / 4;

/** A check that has been submitted: the first parameter with a value that is no finite number, undefined if none has. */
export type FiniteCheck = () => Promise<{ readonly name: string; readonly value: number } | undefined>;

/**
 * Prepares a check that all of a model's parameters are finite, which reads them once and returns 256 bytes an arena chunk:
 * a sum is finite just where all its terms are (terms whose sum alone overflows are as broken).
 */
export async function createFiniteCheck(device: Device, { store }: Model): Promise<() => FiniteCheck> {
  const tape = createTape(device.target, { grad: false });
  const names = store.arena.chunks.map(({ values }, index) => {
    const chunk = wholeChunk(values);
    const [floats] = chunk.shape as [number];
    tape.output(`sums.${index}`, sumRows(tape, { ...chunk, shape: [floats / COLUMNS, COLUMNS] }));
    return `sums.${index}`;
  });
  const program = await compile(device, tape);
  return () => {
    const sums: Readback<string> = program.run({}, names);
    return async () => {
      const read = Object.values(await sums.read()) as Float32Array[];
      if (read.every((values) => nonFinite(values) === undefined)) return undefined;
      return firstNonFinite(await saveState(device, store.entries)) ?? { name: 'parameters', value: Number.NaN };
    };
  };
}
