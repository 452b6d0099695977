// Cases of a single op, whose candidates are known.
import type { Device, TypedArray } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { type Layout, toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import { type Case, compare, type Results, toleranceOf } from './case.ts';
import { type Evaluation, type HostValue, run, type Tilings, type Variant, variants } from './evaluate.ts';
import { conformanceOps } from './ops.ts';

/** One run of a case: with which candidate, and a line for each tensor that is wrong. */
export interface Check {
  readonly variant: string;
  readonly failures: readonly string[];
}

/** Which tilings of each candidate are run; by turns unless given. */
export interface RunOptions {
  readonly tilings?: Tilings;
}

/**
 * The distinct ways to run a case of one op: the engine's own choice, and every candidate. None for a case that is more than
 * one op. Throws where the op refuses what the case gives it.
 */
export function variantsOf(target: Target, golden: Case, { tilings = 'turns' }: RunOptions = {}): Variant[] {
  const op = conformanceOps[golden.op];
  if (!op) return [];
  const layouts = op.layouts ?? {};
  const differentiate = Object.keys(golden.grads).length > 0;
  const [upstream] = Object.entries(golden.upstreams);
  const inputs = Object.fromEntries(
    Object.entries(golden.inputs).map(([name, tensor]) => [name, toEngine(tensor, layouts[name])]),
  );
  const all = { ...inputs, ...op.derive?.(inputs, golden.attrs) };
  return variants(target, (tape, tensors) => op.build(tape, tensors, golden.attrs), all, {
    tilings,
    wrt: Object.keys(golden.inputs).filter((name) => !op.constant?.includes(name)),
    ...(differentiate && upstream && { upstream: toEngine(upstream[1], layouts[upstream[0]]) }),
  });
}

/** Runs one of a case's variants and compares. */
export const checkVariant = (device: Device, golden: Case, variant: Variant): Promise<Check> =>
  check(variant.name, golden, () => resultsOf(device, golden, variant));

/** What one of a case's variants gives, in PyTorch's layouts. */
export const resultsOf = async (device: Device, { op }: Case, { recorded }: Variant): Promise<Results> =>
  toResults(await run(device, recorded), conformanceOps[op]?.layouts ?? {});

/** Compares what is produced with a case; what breaks is a failure. */
export async function check(variant: string, golden: Case, produce: () => Promise<Results>): Promise<Check> {
  try {
    return { variant, failures: differences(golden, await produce()) };
  } catch (error) {
    return { variant, failures: [(error as Error).message] };
  }
}

/** A line for each wanted tensor that is missing or too far off. */
function differences(golden: Case, results: Results): string[] {
  const wanted = [
    ...Object.entries(golden.outputs).map(([name, tensor]) => [`output.${name}`, tensor] as const),
    ...Object.entries(golden.grads).map(([name, tensor]) => [`grad.${name}`, tensor] as const),
  ];
  return wanted.flatMap(([name, { data }]) => {
    const whole = results[name];
    if (!whole) return [`${name} was not computed`];
    const got = golden.places?.[name]?.map((place) => whole[place] as number) ?? whole;
    if (got.length !== data.length) return [`${name} has ${got.length} elements instead of ${data.length}`];
    if (isUndefined(data)) return isUndefined(got) ? [] : [`${name} came out, but it is undefined here`];
    const { ok, error, limit } = compare(got, data as ArrayLike<number> as Float32Array, toleranceOf(golden, name));
    return ok ? [] : [`${name} is off by ${error.toExponential(2)}, the limit is ${limit.toExponential(2)}`];
  });
}

const isUndefined = (values: ArrayLike<number | bigint>) => Array.from(values).every(Number.isNaN);

function toEngine({ shape, data }: HostTensor, layout: Layout | undefined): HostValue {
  if (layout && shape.length === (layout === 'linear_weight' ? 2 : 4))
    return toEngineLayout(layout, data as Float32Array<ArrayBuffer>, shape);
  return { shape, data: data as TypedArray };
}

function toResults({ outputs, gradients }: Evaluation, layouts: Readonly<Record<string, Layout>>): Results {
  const named = (prefix: string, values: Record<string, HostValue>) =>
    Object.entries(values).map(([name, { shape, data }]) => {
      const layout = layouts[name];
      const permute = layout && shape.length === (layout === 'linear_weight' ? 2 : 4);
      return [`${prefix}.${name}`, permute ? toTorchLayout(layout, data, shape).data : data];
    });
  return Object.fromEntries([...named('output', outputs), ...named('grad', gradients)]);
}
