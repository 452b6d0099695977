// Holds an op of the engine to results from outside: golden cases of PyTorch, and the float64 references with central differences.

import { compare, parseCase, type Tolerance, toleranceOf } from '../../src/conformance/case.ts';
import { type Build, evaluate, type HostValue } from '../../src/conformance/evaluate.ts';
import type { TypedArray } from '../../src/gpu/device.ts';
import { type Layout, toEngineLayout, toTorchLayout } from '../../src/weights/layout.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert } from '../harness.ts';
import { centralDifference } from '../reference/gradient.ts';
import { type Attributes, array64, references } from '../reference/index.ts';

export interface Subject {
  /** The op's name in golden cases and among the references. */
  readonly op: string;
  build(attrs: Attributes): Build;
  /** Tensors whose layout is not PyTorch's. */
  readonly layouts?: Readonly<Record<string, Layout>>;
  /** Inputs without a gradient. */
  readonly constant?: readonly string[];
}

type Host = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** Checks outputs and gradients of a golden case, with the candidate forced where one is named. */
export async function checkGolden(subject: Subject, name: string, candidate?: string): Promise<void> {
  const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
  const [upstream] = Object.values(golden.upstreams);
  const found = await runEngine(
    subject,
    golden.attrs,
    golden.inputs as Record<string, Host>,
    upstream as Host | undefined,
    candidate,
  );
  for (const [kind, group] of [['output', golden.outputs] as const, ['grad', golden.grads] as const])
    for (const [tensor, want] of Object.entries(group))
      expectClose(`${kind}.${tensor}`, found, want as Host, toleranceOf(golden, `${kind}.${tensor}`));
}

/** Checks outputs and up to `positions` elements of each gradient against the float64 reference. */
export async function checkReference(
  subject: Subject,
  attrs: Attributes,
  inputs: Readonly<Record<string, HostValue>>,
  {
    rtol = 2e-4,
    atol = 5e-5,
    positions = 24,
    candidate,
  }: Partial<Tolerance> & { positions?: number; candidate?: string } = {},
): Promise<void> {
  const exact = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [name, array64(data, [...shape])]),
  );
  const wanted = references[subject.op]!(exact, attrs);
  const [first, output] = Object.entries(wanted)[0]!;
  const upstream = { shape: output.shape, data: noise(output.shape, 999).data };
  const found = await runEngine(subject, attrs, inputs, upstream, candidate);
  const tolerance = { rtol, atol };
  for (const [name, want] of Object.entries(wanted))
    if (found[`output.${name}`]) expectClose(`output.${name}`, found, want, tolerance);
  for (const [name, { data }] of Object.entries(inputs)) {
    if (subject.constant?.includes(name) || !(data instanceof Float32Array)) continue;
    const count = Math.min(positions, data.length);
    const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * data.length) / count));
    const arriving = { [first]: array64(upstream.data, output.shape) };
    const want = centralDifference(subject.op, exact, attrs, name, arriving, chosen);
    const got = found[`grad.${name}`];
    assert.ok(got, `there is no gradient of ${name}`);
    expectClose(
      `grad.${name}`,
      { [`grad.${name}`]: chosen.map((i) => got[i]!) },
      { shape: [count], data: want },
      tolerance,
    );
  }
}

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

/** Runs a subject on tensors in PyTorch's layouts and gives results in PyTorch's layouts, as `output.NAME` and `grad.NAME`. */
async function runEngine(
  { build, layouts = {}, constant = [], op }: Subject,
  attrs: Attributes,
  inputs: Readonly<Record<string, Host>>,
  upstream: Host | undefined,
  candidate: string | undefined,
): Promise<Record<string, ArrayLike<number>>> {
  const toEngine = (name: string, { shape, data }: Host): HostValue => {
    const layout = layouts[name];
    const typed = (data instanceof Int32Array ? data : Float32Array.from(data)) as TypedArray;
    return layout && shape.length === 4 ? toEngineLayout(layout, typed, shape) : { shape, data: typed };
  };
  const { outputs, gradients } = await evaluate(
    await testDevice(),
    build(attrs),
    Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toEngine(name, value)])),
    {
      wrt: Object.keys(inputs).filter((name) => !constant.includes(name)),
      ...(upstream && { upstream: toEngine('y', upstream) }),
      ...(candidate && { candidates: { [op]: candidate } }),
    },
  );
  const back = (kind: string, group: Record<string, HostValue>) =>
    Object.entries(group).map(([name, { shape, data }]): [string, ArrayLike<number>] => {
      const layout = layouts[name];
      return [`${kind}.${name}`, layout && shape.length === 4 ? toTorchLayout(layout, data, shape).data : data];
    });
  return Object.fromEntries([...back('output', outputs), ...back('grad', gradients)]);
}

function expectClose(name: string, found: Record<string, ArrayLike<number>>, want: Host, tolerance: Tolerance): void {
  const got = found[name];
  assert.ok(got, `there is no ${name}`);
  const { ok, error, limit } = compare(got, want.data, tolerance);
  assert.ok(ok, `${name} is off by ${error}, and ${limit} is allowed`);
}
