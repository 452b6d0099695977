import type { Device, TypedArray } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { compile } from '../gpu/program/program.ts';
import { gradients } from '../ops/gradients.ts';
import { type Choose, createTape, type Tape, type TapeOptions, type Way } from '../tape/tape.ts';
import type { DType, Shape, Tensor } from '../tape/tensor.ts';
import { hash } from './hash.ts';

/** A host tensor in the engine's layout. */
export interface HostValue {
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** Builds outputs by name from inputs by name; the first output is the differentiated one. */
export type Build = (tape: Tape, inputs: Record<string, Tensor>) => Record<string, Tensor>;

export interface Evaluation {
  readonly outputs: Record<string, HostValue>;
  readonly gradients: Record<string, HostValue>;
}

export interface EvaluateOptions {
  /** The inputs to differentiate with respect to; all f32 inputs unless given. */
  readonly wrt?: readonly string[];
  /** The gradient arriving at the first output; without it only the forward pass is recorded. */
  readonly upstream?: HostValue;
  /** Candidates to force. */
  readonly candidates?: TapeOptions['candidates'];
}

/** A small graph on a tape, with the inputs to run it on. */
export interface Recorded {
  readonly tape: Tape;
  readonly values: Record<string, TypedArray>;
}

/** Runs a small graph once, forward and (given `upstream`) backward, and reads everything back. */
export async function evaluate(
  device: Device,
  build: Build,
  inputs: Record<string, HostValue>,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return run(device, record(device.target, build, inputs, options));
}

export function record(
  target: Target,
  build: Build,
  inputs: Record<string, HostValue>,
  { wrt, upstream, candidates }: EvaluateOptions,
): Recorded {
  const tape = createTape(target, { grad: upstream !== undefined, ...(candidates && { candidates }) });
  const wanted = new Set(wrt ?? Object.keys(inputs));
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of Object.entries(inputs)) {
    const dtype = dtypeOf(data);
    tensors[name] = tape.input(name, shape, dtype, { requiresGrad: dtype === 'f32' && wanted.has(name) });
  }
  const outputs = build(tape, tensors);
  for (const [name, tensor] of Object.entries(outputs)) tape.output(`output.${name}`, tensor);
  const values = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
  const [first] = Object.values(outputs);
  if (upstream && first) {
    const arriving = tape.input('upstream', upstream.shape);
    values.upstream = upstream.data;
    const found = gradients(tape, first, arriving);
    for (const [name, tensor] of Object.entries(tensors)) {
      const gradient = found.get(tensor);
      if (gradient) tape.output(`grad.${name}`, gradient);
    }
  }
  return { tape, values };
}

export async function run(device: Device, { tape, values }: Recorded): Promise<Evaluation> {
  const program = await compile(device, tape);
  const read = await program.run(values, [...tape.outputs.keys()]).read();
  const collect = (prefix: string) =>
    Object.fromEntries(
      [...tape.outputs]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { shape }]) => [name.slice(prefix.length), { shape, data: read[name] as TypedArray }]),
    );
  return { outputs: collect('output.'), gradients: collect('grad.') };
}

/** A recording under one choice of candidates. */
export interface Variant {
  /** The forced candidate, or `default`. */
  readonly name: string;
  readonly recorded: Recorded;
}

/**
 * With which tilings a candidate is a variant: with each of them (`all`), with one of them, other problems with another (`turns`),
 * or with the one that the engine would take first (`usual`), so that problems share most of their pipelines.
 */
export type Tilings = 'all' | 'turns' | 'usual';

export interface VariantOptions extends EvaluateOptions {
  readonly tilings?: Tilings;
}

/**
 * The distinct ways to run a graph: the plain choice, then every candidate that fits one of its problems and that makes a
 * difference to the kernels launched.
 */
export function variants(
  target: Target,
  build: Build,
  inputs: Record<string, HostValue>,
  { tilings = 'turns', ...options }: VariantOptions,
): Variant[] {
  const titleOf = ({ name, base = name }: Way) => (tilings === 'all' ? name : base);
  const titles = new Set<string>();
  const plain = record(target, build, inputs, {
    ...options,
    candidates: (_op, _problem, ways) => {
      for (const way of ways) titles.add(titleOf(way));
      return undefined;
    },
  });
  const found = new Map([[signatureOf(plain), { name: 'default', recorded: plain }]]);
  for (const name of titles) {
    const candidates: Choose = (_op, problem, ways) => {
      const fitting = ways.filter((way) => titleOf(way) === name);
      return fitting[tilings === 'turns' ? hash(problem) % fitting.length : 0]?.name;
    };
    const recorded = record(target, build, inputs, { ...options, candidates });
    const signature = signatureOf(recorded);
    if (!found.has(signature)) found.set(signature, { name, recorded });
  }
  return [...found.values()];
}

const signatureOf = ({ tape }: Recorded): string =>
  JSON.stringify(tape.dispatches.map(({ kernel, constants }) => [kernel.name, constants]));

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  return data instanceof Uint32Array ? 'u32' : 'u8';
}
