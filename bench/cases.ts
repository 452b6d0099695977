// What is timed, defined once for every way to run it.
import { randomNormal } from '../src/data/random.ts';
import { batchNorm } from '../src/ops/batch_norm.ts';
import { conv2d } from '../src/ops/conv2d.ts';
import { add, relu } from '../src/ops/elementwise.ts';
import { gradients } from '../src/ops/gradients.ts';
import { matmul } from '../src/ops/matmul.ts';
import type { Tape } from '../src/tape/tape.ts';
import { elements, type Shape, type Tensor, variable } from '../src/tape/tensor.ts';
import { supConCases } from './sup_con.ts';

/** Work with one result: the value of an op, or its gradient. */
export interface BenchCase {
  readonly name: string;
  /** In the engine's layouts; a positive number of classes makes an input labels. */
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly classes?: Readonly<Record<string, number>>;
  /** The family of candidates to compare. */
  readonly family?: string;
  /** The input whose gradient is the result; it arrives as the input `dy` where there is one. */
  readonly gradientOf?: string;
  readonly build: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** Other ways to the same result, which are timed beside it. */
  readonly rivals?: Readonly<Record<string, BenchCase['build']>>;
  /** What is computed, for engines that are told it in another way. */
  readonly problem?: Problem;
}

export type Problem = MatmulProblem | ConvProblem;

export interface MatmulProblem {
  readonly op: 'matmul';
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Square images and filters. */
export interface ConvProblem {
  readonly op: 'conv2d';
  readonly pass: 'forward' | 'dgrad' | 'wgrad';
  readonly stride: number;
  readonly padding: number;
}

/** All cases, or those whose name contains every word of `pattern`. Throws when there is none. */
export function selectCases(pattern = ''): BenchCase[] {
  const words = pattern.split(/\s+/);
  const chosen = cases.filter(({ name }) => words.every((word) => name.includes(word)));
  if (chosen.length > 0) return chosen;
  throw new Error(`No benchmark matches "${pattern}"; there are: ${cases.map(({ name }) => name).join(', ')}.`);
}

/** Values for a case's inputs, the same in every run. */
export function inputValues({ inputs, classes = {} }: BenchCase): Record<string, Float32Array | Int32Array> {
  const valuesOf = (name: string, shape: Shape, stream: number) => {
    const count = elements(shape);
    const among = classes[name];
    return among ? Int32Array.from({ length: count }, (_, i) => i % among) : randomNormal(count, 1, 1, stream);
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, shape], index) => [name, valuesOf(name, shape, index)]));
}

/** Tensors with those values, which all programs of a case share. */
export function inputTensors(bench: BenchCase): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputValues(bench)).map(([name, data]) => {
      const dtype = data instanceof Int32Array ? 'i32' : 'f32';
      const tensor = variable(name, bench.inputs[name] as Shape, dtype, data);
      tensor.requiresGrad = name === bench.gradientOf;
      return [name, tensor];
    }),
  );
}

/** Records a case with its result as the output `result`; what the result does not need is dropped as dead. */
export function recordCase(tape: Tape, { name, build, gradientOf }: BenchCase, inputs: Record<string, Tensor>): void {
  const y = build(tape, inputs);
  const result = gradientOf ? gradients(tape, y, inputs.dy).get(inputs[gradientOf] as Tensor) : y;
  if (!result) throw new Error(`The benchmark ${name} has no gradient of ${gradientOf}.`);
  tape.output('result', result);
}

function matmulCase(size: number, layout: 'NN' | 'NT' | 'TN'): BenchCase {
  const [transposeA, transposeB] = [layout[0] === 'T', layout[1] === 'T'];
  return {
    name: `matmul ${size} ${layout}`,
    inputs: { a: [size, size], b: [size, size] },
    family: 'matmul',
    build: (tape, { a, b }) => matmul(tape, a!, b!, { transposeA, transposeB }),
    problem: { op: 'matmul', transposeA, transposeB },
  };
}

interface Conv {
  batch: number;
  size: number;
  from: number;
  to: number;
  kernel: number;
  stride: number;
}

/** The three passes of a convolution with an image as large as its stride lets it be. */
function convCases({ batch, size, from, to, kernel, stride }: Conv): BenchCase[] {
  const padding = (kernel - 1) / 2;
  const out = Math.ceil(size / stride);
  const shapes = { x: [batch, size, size, from], weight: [kernel, kernel, from, to], dy: [batch, out, out, to] };
  // A 1×1 convolution with stride 1 is a matrix product, and takes its kernels.
  const families =
    kernel * stride === 1
      ? { forward: 'matmul', dgrad: 'matmul', wgrad: 'conv2d.wgrad' }
      : { forward: 'conv2d.forward', dgrad: 'conv2d.dgrad', wgrad: 'conv2d.wgrad' };
  return (['forward', 'dgrad', 'wgrad'] as const).map((pass): BenchCase => {
    const { x, weight, dy } = shapes;
    return {
      name: `conv ${kernel}x${kernel} s${stride} N${batch} C${from} ${size}x${size} K${to} ${pass}`,
      // A gradient does not read its own variable, but the op that it belongs to has to be recorded.
      inputs: pass === 'forward' ? { x, weight } : { x, weight, dy },
      family: families[pass],
      ...(pass !== 'forward' && { gradientOf: pass === 'dgrad' ? 'x' : 'weight' }),
      build: (tape, inputs) =>
        conv2d(tape, inputs.x!, inputs.weight!, undefined, {
          stride: [stride, stride],
          padding: [padding, padding],
        }),
      problem: { op: 'conv2d', pass, stride, padding },
    };
  });
}

/** Training mode. The gradient needs the forward pass's statistics, so both are timed. */
function batchNormCases(x: Shape): BenchCase[] {
  const channels = [x.at(-1) ?? 0];
  const forward: BenchCase = {
    name: `batch_norm [${x}] forward`,
    inputs: { x, weight: channels, bias: channels, running_mean: channels, running_var: channels },
    family: 'batch_norm',
    build: (tape, { x, weight, bias, running_mean, running_var }) =>
      batchNorm(
        tape,
        x!,
        { weight: weight!, bias: bias!, running_mean: running_mean!, running_var: running_var! },
        { training: true },
      ),
  };
  return [
    forward,
    {
      ...forward,
      name: `batch_norm [${x}] forward+backward`,
      inputs: { ...forward.inputs, dy: x },
      gradientOf: 'x',
    },
  ];
}

const FLOATS = [2 ** 22];

const cases: readonly BenchCase[] = [
  ...[512, 1024].flatMap((size) => (['NN', 'NT', 'TN'] as const).map((layout) => matmulCase(size, layout))),
  ...convCases({ batch: 16, size: 16, from: 64, to: 64, kernel: 3, stride: 1 }),
  ...convCases({ batch: 16, size: 16, from: 64, to: 128, kernel: 3, stride: 2 }),
  ...convCases({ batch: 16, size: 16, from: 64, to: 128, kernel: 1, stride: 1 }),
  ...batchNormCases([16, 16, 16, 64]),
  ...[64, 128, 256, 512, 1024, 2048, 4096, 8192].flatMap((n) => supConCases(n, 256)),
  { name: 'relu 4M', inputs: { x: FLOATS }, build: (tape, { x }) => relu(tape, x!) },
  { name: 'add 4M', inputs: { a: FLOATS, b: FLOATS }, build: (tape, { a, b }) => add(tape, a!, b!) },
];
