import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { matmul } from '../ops/matmul.ts';
import { createTape } from '../tape/tape.ts';
import { nonFinite } from '../weights/finite.ts';

/** Similarities that are computed and read at a time. */
const STRIP = 2 ** 22;

/**
 * The cosines of some points with others, on the device: `a` [m, d] with `b` [n, d], row-major. Yields strips of rows of the
 * matrix [m, n], each with the number of its first row. Features are normalised here; a row of zeros has the cosine 0 with all.
 * Throws when the rows are not equally long, there are none, or a value is no finite number.
 */
export async function* similarities(
  device: Device,
  a: { readonly features: Float32Array; readonly rows: number },
  b: { readonly features: Float32Array; readonly rows: number },
): AsyncGenerator<{ readonly from: number; readonly rows: number; readonly cosines: Float32Array }> {
  const d = a.features.length / a.rows;
  if (!(d >= 1 && Number.isInteger(d) && b.features.length === b.rows * d))
    throw new Error(
      `Features of ${a.rows} and of ${b.rows} points, ${a.features.length} and ${b.features.length} values, are not rows of one length.`,
    );
  for (const { features } of [a, b]) {
    const value = nonFinite(features);
    if (value !== undefined) throw new Error(`Points cannot be compared: a feature is ${value}.`);
  }
  const strip = Math.min(a.rows, Math.max(1, Math.floor(STRIP / b.rows)));
  const tape = createTape(device.target, { grad: false });
  const [x, y] = [tape.input('a', [strip, d]), tape.input('b', [b.rows, d])];
  tape.output('cosines', matmul(tape, l2Normalize(tape, x), l2Normalize(tape, y), { transposeB: true }));
  const program = await compile(device, tape);
  try {
    for (let from = 0; from < a.rows; from += strip) {
      const rows = Math.min(strip, a.rows - from);
      // The last strip is filled up with zeros.
      const given = new Float32Array(strip * d);
      given.set(a.features.subarray(from * d, (from + rows) * d));
      const run = program.run({ a: given, ...(from === 0 && { b: b.features }) }, ['cosines']);
      const { cosines } = await run.read();
      yield { from, rows, cosines: (cosines as Float32Array).subarray(0, rows * b.rows) };
    }
  } finally {
    program.destroy();
  }
}
