import { randomNormal } from '../../data/random.ts';
import { gradients } from '../../ops/gradients.ts';
import type { Tape } from '../../tape/tape.ts';
import { type DType, elements, type Shape, type Tensor, variable } from '../../tape/tensor.ts';

export type Values = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/** Some elements of a result, by index. */
export type Samples = ReadonlyMap<number, number>;

/** Work with one result: the value of an op, or its gradient. */
export interface BenchCase {
  readonly name: string;
  /** Further words by which it can be selected, for example the networks that a layer is part of. */
  readonly tags?: readonly string[];
  /** Whether it is timed where nobody asks for it or for all cases. */
  readonly usual?: boolean;
  /** In the engine's layouts; normal random numbers unless `values` has others. */
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly values?: Readonly<Record<string, (count: number) => Values[string]>>;
  /** The family of candidates to compare. */
  readonly family?: string;
  /** The inputs whose gradients are computed, the first being the result; what arrives is the input `dy` where there is one. */
  readonly gradientsOf?: readonly string[];
  readonly build: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** Other ways to the same result, which are timed beside it. */
  readonly rivals?: Readonly<Record<string, BenchCase['build']>>;
  /** Elements of the result of a first run, computed in float64 from the inputs. */
  readonly reference: (values: Values) => Samples;
  /** What is computed, for engines that are told it in another way. */
  readonly problem?: Problem;
  /** The same for PyTorch alone, where it is neither a matrix product nor a convolution. */
  readonly torch?: TorchProblem;
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

/** An op of bench/pytorch.py with its options. */
export interface TorchProblem {
  readonly op: string;
  readonly [option: string]: string | number | boolean;
}

/** What the sizes of the cases depend on. */
export interface Setting {
  /** A processor gets a few images where a GPU gets many. */
  readonly kind: 'cpu' | 'gpu';
  /** Images in a batch, in place of what suits the kind. */
  readonly batch?: number | undefined;
}

/** Values for a case's inputs, the same in every run. */
export function inputValues({ inputs, values }: BenchCase): Record<string, Values[string]> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, shape], index) => {
      const count = elements(shape);
      return [name, values?.[name]?.(count) ?? normals(count, index)];
    }),
  );
}

/** A prime, so that no row or tile of a tensor begins where another one does. */
const PERIOD = 65521;

/** Normal numbers, of which many repeat: drawing as many as a large tensor has would take longer than what is timed. */
function normals(count: number, stream: number): Float32Array {
  const result = new Float32Array(count);
  result.set(randomNormal(Math.min(count, PERIOD), 1, 1, stream));
  for (let filled = PERIOD; filled < count; filled *= 2) result.copyWithin(filled, 0, filled);
  return result;
}

/** Tensors with the given values, which all programs of a case share. */
export const inputTensors = (bench: BenchCase, values: Values = inputValues(bench)): Record<string, Tensor> =>
  tensorsOf(bench, (name) => variable(name, bench.inputs[name] as Shape, dtypeOf(values[name]), values[name]));

/** The same without any values, to see what a case records. */
export const blankTensors = (bench: BenchCase): Record<string, Tensor> =>
  tensorsOf(bench, (name) => variable(name, bench.inputs[name] as Shape, dtypeOf(bench.values?.[name]?.(0))));

function tensorsOf({ inputs, gradientsOf }: BenchCase, make: (name: string) => Tensor): Record<string, Tensor> {
  return Object.fromEntries(
    Object.keys(inputs).map((name) => [name, { ...make(name), requiresGrad: gradientsOf?.includes(name) ?? false }]),
  );
}

function dtypeOf(data: Values[string] | undefined): DType {
  if (!data || data instanceof Float32Array) return 'f32';
  return data instanceof Int32Array ? 'i32' : 'u8';
}

/** Records a case with its result as the output `result`; what is not asked for is dropped as dead. */
export function recordCase(
  tape: Tape,
  { name, build, gradientsOf }: BenchCase,
  inputs: Readonly<Record<string, Tensor>>,
): void {
  const y = build(tape, inputs);
  if (!gradientsOf) {
    tape.output('result', y);
    return;
  }
  const found = gradients(tape, y, inputs.dy);
  gradientsOf.forEach((input, index) => {
    const gradient = found.get(inputs[input] as Tensor);
    if (!gradient) throw new Error(`The benchmark ${name} has no gradient of ${input}.`);
    tape.output(index === 0 ? 'result' : `gradient of ${input}`, gradient);
  });
}

/** Fixes what the tape's own inputs hold, so that a program needs none when it is run. */
export function preset(tape: Tape, contents: Readonly<Record<string, ArrayBufferView>>): void {
  for (const [name, data] of Object.entries(contents)) {
    tape.inputs.get(name)?.storage?.chunk.initial.push({ offset: 0, bytes: data.byteLength, data });
    tape.admissions.delete(name);
  }
}

/** "4M" for 2^22. */
export const millions = (count: number): string => `${Math.round(count / 2 ** 20)}M`;
