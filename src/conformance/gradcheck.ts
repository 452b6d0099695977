import { random4, randomNormal } from '../data/random.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import type { Case } from './case.ts';
import { hash } from './hash.ts';
import { type Problem, problems } from './problems.ts';
import { centralDifference } from './reference/gradient.ts';
import { type Array64, array64, references } from './reference/index.ts';

/** A gradient is compared at no more than this many places of a tensor, so that big ones do not take minutes. */
const PLACES = 60;

/**
 * Golden cases made on the spot: small random inputs, outputs by the float64 reference and gradients by central
 * differences of it. `op` selects one op, `wanted` cases by all but the values of their gradients, which take longest to
 * make. Throws when there is no such op.
 */
export function* gradcheckCases(op?: string, wanted: (golden: Case) => boolean = () => true): Generator<Case> {
  const selected = Object.entries(problems).filter(([name]) => op === undefined || name === op);
  if (selected.length === 0) throw new Error(`There is no op ${op}; there are: ${Object.keys(problems).join(', ')}.`);
  for (const [name, list] of selected)
    for (const [index, problem] of list.entries()) {
      const { golden, differentiate } = makeCase(name, index, problem);
      if (wanted(golden)) yield differentiate();
    }
}

/** The ops that have problems. */
export const problemOps: readonly string[] = Object.keys(problems);

/** A case but for the values of its gradients, and the whole of it, which takes long to make. */
export interface Undifferentiated {
  readonly golden: Case;
  differentiate(): Case;
}

/** An op's problems as cases. */
export const undifferentiatedCases = (op: string): Undifferentiated[] =>
  (problems[op] ?? []).map((problem, index) => makeCase(op, index, problem));

/** The same without a way to their gradients. */
export const problemCases = (op: string): Case[] => undifferentiatedCases(op).map(({ golden }) => golden);

function makeCase(
  op: string,
  index: number,
  { inputs: shapes, attrs = {}, labels = {}, constant = [] }: Problem,
): Undifferentiated {
  const reference = references[op];
  if (!reference) throw new Error(`There is no float64 reference for ${op}.`);
  const name = `${op}-${index}`;
  const stream = hash(name);
  const inputs: Record<string, Array64> = {};
  const given: Record<string, HostTensor> = {};
  for (const [position, [input, shape]] of Object.entries(shapes).entries()) {
    const count = shape.reduce((product, size) => product * size, 1);
    const classes = labels[input];
    const integers = () =>
      Int32Array.from({ length: count }, (_, i) => random4(i, position, 1, stream)[0] % (classes ?? 1));
    const data = classes === undefined ? floats(input, count, shape, position, stream) : integers();
    inputs[input] = array64(data, [...shape]);
    given[input] = { dtype: classes === undefined ? 'F32' : 'I32', shape: [...shape], data };
  }
  const [[output, y]] = Object.entries(reference(inputs, attrs)) as [[string, Array64]];
  const arriving = randomNormal(y.data.length, 1, 2, stream);
  const upstream = { [output]: array64(arriving, y.shape) };
  const places: Record<string, number[]> = {};
  const grads: Case['grads'] = {};
  for (const [input, { shape, data }] of Object.entries(inputs)) {
    if (input in labels || constant.includes(input)) continue;
    const step = Math.max(1, Math.floor(data.length / PLACES));
    places[`grad.${input}`] = Array.from({ length: Math.ceil(data.length / step) }, (_, i) => i * step);
    grads[input] = { dtype: 'F64', shape: [...shape], data: new Float64Array() };
  }
  const golden: Case = {
    name,
    op,
    attrs,
    tolerance: { rtol: 3e-4, atol: 2e-5, tensors: {} },
    inputs: given,
    outputs: { [output]: { dtype: 'F64', shape: y.shape, data: y.data } },
    upstreams: { [output]: { dtype: 'F32', shape: y.shape, data: arriving } },
    grads,
    places,
  };
  const differentiate = (): Case => ({
    ...golden,
    grads: Object.fromEntries(
      Object.entries(grads).map(([input, gradient]) => {
        const positions = places[`grad.${input}`] ?? [];
        return [input, { ...gradient, data: centralDifference(op, inputs, attrs, input, upstream, positions) }];
      }),
    ),
  });
  return { golden, differentiate };
}

/** Normal numbers, but variances positive, probabilities that sum to 1, and nothing near the kink of a ReLU. */
function floats(
  input: string,
  count: number,
  shape: readonly number[],
  position: number,
  stream: number,
): Float32Array {
  const values = randomNormal(count, 1, position, stream);
  if (input === 'running_var') return values.map((value) => 0.5 + Math.abs(value));
  if (input !== 'target') return values.map((value) => value + 0.05 * (Math.sign(value) || 1));
  const width = shape.at(-1) ?? 1;
  const positive = values.map(Math.abs);
  return positive.map((value, i) => {
    const row = Math.floor(i / width) * width;
    return value / positive.subarray(row, row + width).reduce((sum, part) => sum + part, 0);
  });
}
