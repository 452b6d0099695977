// Holds an op of the engine to results from outside: golden cases of PyTorch, and the float64 references with central differences.

import { compare, parseCase, type Tolerance, toleranceOf } from '../../src/conformance/case.ts';
import { type Build, evaluate, type HostValue } from '../../src/conformance/evaluate.ts';
import { centralDifference } from '../../src/conformance/reference/gradient.ts';
import { type Attributes, array64, references } from '../../src/conformance/reference/index.ts';
import type { TypedArray } from '../../src/gpu/device.ts';
import { type Layout, toEngineLayout, toTorchLayout } from '../../src/weights/layout.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert } from '../harness.ts';

export interface Subject {
  /** The op's name in golden cases and among the references. */
  readonly op: string;
  build(attrs: Attributes): Build;
  /** Tensors whose layout is not PyTorch's. */
  readonly layouts?: Readonly<Record<string, Layout>>;
  /** Inputs without a gradient. */
  readonly constant?: readonly string[];
}

/** Ops launch the same kernels differently on processors and on GPUs; either way runs on any adapter. */
const kinds = ['cpu', 'gpu'] as const;
type Kind = (typeof kinds)[number];

type Host = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** Checks outputs and gradients of a golden case, with the candidate forced where one is named. */
export async function checkGolden(
  subject: Subject,
  name: string,
  candidate?: string,
  structures: readonly Kind[] = kinds,
): Promise<void> {
  const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
  const [upstream] = Object.values(golden.upstreams) as Host[];
  const wanted = [...named('output', golden.outputs), ...named('grad', golden.grads)] as [string, Host][];
  for (const kind of structures) {
    const found = await runEngine(
      subject,
      kind,
      golden.attrs,
      golden.inputs as Record<string, Host>,
      upstream,
      candidate,
    );
    for (const [tensor, want] of wanted)
      expectClose(`${tensor} (${kind})`, found[tensor], want.data, toleranceOf(golden, tensor));
  }
}

export interface ReferenceOptions extends Partial<Tolerance> {
  /** How many elements of each gradient are checked, from the first to the last. */
  readonly positions?: number;
  readonly candidate?: string;
  /** Which ways of launching are checked; all unless given. */
  readonly structures?: readonly Kind[];
}

/** Checks outputs and some elements of each gradient against the float64 reference. */
export async function checkReference(
  subject: Subject,
  attrs: Attributes,
  inputs: Readonly<Record<string, HostValue>>,
  { rtol = 2e-4, atol = 5e-5, positions = 24, candidate, structures = kinds }: ReferenceOptions = {},
): Promise<void> {
  const exact = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [name, array64(data, [...shape])]),
  );
  const outputs = references[subject.op]!(exact, attrs);
  const [first, output] = Object.entries(outputs)[0]!;
  const upstream = { shape: output.shape, data: noise(output.shape, 999).data };
  const arriving = { [first]: array64(upstream.data, output.shape) };
  const gradients = Object.entries(inputs)
    .filter(([name, { data }]) => !subject.constant?.includes(name) && data instanceof Float32Array)
    .map(([name, { data }]) => {
      const count = Math.min(positions, data.length);
      const chosen = Array.from({ length: count }, (_, i) =>
        Math.floor((i * (data.length - 1)) / Math.max(count - 1, 1)),
      );
      return { name, chosen, want: centralDifference(subject.op, exact, attrs, name, arriving, chosen) };
    });
  for (const kind of structures) {
    const found = await runEngine(subject, kind, attrs, inputs, upstream, candidate);
    const expect = (name: string, got: ArrayLike<number> | undefined, want: ArrayLike<number>) =>
      expectClose(`${name} (${kind})`, got, want, { rtol, atol });
    for (const [name, want] of named('output', outputs)) expect(name, found[name], want.data);
    for (const { name, chosen, want } of gradients) {
      const got = found[`grad.${name}`];
      expect(`grad.${name}`, got && chosen.map((i) => got[i]!), want);
    }
  }
}

const named = <T>(group: string, tensors: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(tensors).map(([name, tensor]) => [`${group}.${name}`, tensor]);

/** Repeatable values, roughly normal with the given mean and deviation. */
export function noise(shape: readonly number[], seed = 1, mean = 0, deviation = 1): HostValue {
  let state = seed * 2654435761;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const count = shape.reduce((product, size) => product * size, 1);
  const normal = () => uniform() + uniform() + uniform() + uniform() - 2;
  return { shape, data: Float32Array.from({ length: count }, () => mean + deviation * Math.sqrt(3) * normal()) };
}

/** Activations and weights of convolutions have four dimensions; what else goes under their names is not permuted. */
const permutes = (layout: Layout | undefined, { length }: readonly number[]): layout is Layout =>
  layout !== undefined && length === (layout === 'linear_weight' ? 2 : 4);

/** Runs a subject on tensors in PyTorch's layouts and gives results in PyTorch's layouts, as `output.NAME` and `grad.NAME`. */
async function runEngine(
  { build, layouts = {}, constant = [], op }: Subject,
  kind: Kind,
  attrs: Attributes,
  inputs: Readonly<Record<string, Host>>,
  upstream: Host | undefined,
  candidate: string | undefined,
): Promise<Record<string, ArrayLike<number>>> {
  const toEngine = (name: string, { shape, data }: Host): HostValue => {
    const layout = layouts[name];
    const typed = (data instanceof Int32Array ? data : Float32Array.from(data)) as TypedArray;
    return permutes(layout, shape) ? toEngineLayout(layout, typed, shape) : { shape, data: typed };
  };
  const device = await testDevice();
  const { outputs, gradients } = await evaluate(
    { ...device, target: { ...device.target, kind } },
    build(attrs),
    Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toEngine(name, value)])),
    {
      wrt: Object.keys(inputs).filter((name) => !constant.includes(name)),
      ...(upstream && { upstream: toEngine('y', upstream) }),
      ...(candidate && { candidates: { [op]: candidate } }),
    },
  );
  const back = ([name, { shape, data }]: [string, HostValue]): [string, ArrayLike<number>] => {
    const layout = layouts[name.slice(name.indexOf('.') + 1)];
    return [name, permutes(layout, shape) ? toTorchLayout(layout, data, shape).data : data];
  };
  return Object.fromEntries([...named('output', outputs), ...named('grad', gradients)].map(back));
}

function expectClose(
  name: string,
  got: ArrayLike<number> | undefined,
  want: ArrayLike<number>,
  tolerance: Tolerance,
): void {
  assert.ok(got, `there is no ${name}`);
  const { ok, error, limit } = compare(got!, want, tolerance);
  assert.ok(ok, `${name} is off by ${error}, and ${limit} is allowed`);
}
