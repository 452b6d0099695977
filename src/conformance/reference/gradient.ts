import type { Array64, Attributes, Inputs } from './array64.ts';
import { references } from './index.ts';

/**
 * The gradient of Σ upstream · output with respect to one input of a reference operation, by central differences with
 * steps of 1e-5 max(1, |x|).
 * @param wrt the input's name.
 * @param upstream the gradient that arrives at each output, by name; an output without one does not count.
 * @param positions flat indices into the input; all of them if not given.
 * @returns one number for each position. For a smooth operation it is right to about 1e-9 of the largest value
 * involved.
 */
export function centralDifference(
  op: string,
  inputs: Inputs,
  attrs: Attributes,
  wrt: string,
  upstream: Record<string, Array64>,
  positions?: number[],
): Float64Array {
  const run = references[op];
  const original = inputs[wrt];
  if (!run) throw new Error(`There is no reference for the operation "${op}".`);
  if (!original) throw new Error(`The operation "${op}" was given no input "${wrt}".`);
  const moved = { shape: original.shape, data: original.data.slice() };
  const movedInputs = { ...inputs, [wrt]: moved };
  const chosen = positions ?? Array.from(original.data.keys());
  return Float64Array.from(chosen, (position) => {
    const x = original.data[position]!;
    const step = 1e-5 * Math.max(1, Math.abs(x));
    const [above, below] = [x + step, x - step];
    const outputsAt = (value: number) => {
      moved.data[position] = value;
      return run(movedInputs, attrs);
    };
    const [high, low] = [outputsAt(above), outputsAt(below)];
    moved.data[position] = x;
    let change = 0;
    // The difference is taken element by element, before the sum, so that untouched outputs cancel exactly.
    for (const [name, { data }] of Object.entries(upstream)) {
      data.forEach((weight, i) => {
        change += weight * (high[name]!.data[i]! - low[name]!.data[i]!);
      });
    }
    return change / (above - below);
  });
}
