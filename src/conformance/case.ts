// A golden case: one operation, its inputs and what it must give, as one safetensors file. test/golden/README.md
// describes the format.

import type { HostTensor } from '../weights/host-tensor.ts';
import { readSafetensors } from '../weights/safetensors.ts';

/** How far a tensor may be from what is wanted: max|got - want| <= atol + rtol max|want|. */
export interface Tolerance {
  rtol: number;
  atol: number;
}

/**
 * A golden case. All tensors have PyTorch's layouts: images NCHW, convolution weights OIHW, linear weights (out, in).
 */
export interface Case {
  name: string;
  op: string;
  attrs: Record<string, unknown>;
  /**
   * The case's tolerance, and under `tensors` what differs for single tensors, by their full names such as
   * `output.logits`.
   */
  tolerance: Tolerance & { tensors: Record<string, Partial<Tolerance>> };
  inputs: Record<string, HostTensor>;
  /** The first one is the differentiated one where there are gradients. */
  outputs: Record<string, HostTensor>;
  /** The gradient that arrives at an output, by the output's name. */
  upstreams: Record<string, HostTensor>;
  /** The gradient that must leave at an input, by the input's name. */
  grads: Record<string, HostTensor>;
  /** The flat indices at which a tensor was sampled, by its full name; a tensor without an entry is whole. */
  places?: Record<string, number[]>;
}

/** The tensors that a run gave, under the full names that the case has for them, such as `output.y` and `grad.x`. */
export type Results = Readonly<Record<string, ArrayLike<number>>>;

/** The result of a comparison: `ok` is `error` <= `limit`; a NaN makes `error` NaN. */
export interface Comparison {
  ok: boolean;
  error: number;
  limit: number;
}

/**
 * Reads a golden case.
 * @param name the file's name, for errors; the case's name is the same without folder and `.safetensors`.
 * @throws one sentence that names the file, when it is no safetensors file or no complete case.
 */
export function parseCase(name: string, bytes: Uint8Array): Case {
  const { tensors, metadata } = readSafetensors(bytes, name);
  const { op } = metadata;
  if (!op) throw new Error(`${name} is not a golden case: its metadata has no "op".`);
  const parsed: Case = {
    name: name.replace(/^.*[\\/]/, '').replace(/\.safetensors$/, ''),
    op,
    attrs: parseObject(metadata, 'attrs', name),
    tolerance: parseTolerance(parseObject(metadata, 'tolerance', name), name),
    inputs: {},
    outputs: {},
    upstreams: {},
    grads: {},
  };
  const groups: Record<string, Record<string, HostTensor>> = {
    input: parsed.inputs,
    output: parsed.outputs,
    upstream: parsed.upstreams,
    grad: parsed.grads,
  };
  for (const [fullName, tensor] of tensors) {
    const dot = fullName.indexOf('.');
    const group = groups[fullName.slice(0, dot)];
    if (!group) {
      throw new Error(`${name} is not a golden case: tensor "${fullName}" is no input., output., upstream. or grad.`);
    }
    group[fullName.slice(dot + 1)] = tensor;
  }
  checkTensors(parsed, name);
  for (const fullName of Object.keys(parsed.tolerance.tensors)) {
    if (tensors.has(fullName)) continue;
    throw new Error(`${name} is not a golden case: its tolerance names a tensor "${fullName}" that it does not have.`);
  }
  return parsed;
}

function parseObject(metadata: Record<string, string>, key: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(metadata[key] ?? '');
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw new Error(`${file} is not a golden case: its metadata has no JSON object "${key}".`);
  return value;
}

function parseTolerance(value: Record<string, unknown>, file: string): Case['tolerance'] {
  const { rtol, atol, tensors = {} } = value;
  const isLimit = (limit: unknown) => typeof limit === 'number' && limit >= 0;
  const fits =
    isLimit(rtol) &&
    isLimit(atol) &&
    isObject(tensors) &&
    Object.values(tensors).every((override) => isObject(override) && Object.values(override).every(isLimit));
  if (!fits) {
    throw new Error(
      `${file} is not a golden case: its tolerance needs numbers "rtol" and "atol", also under "tensors".`,
    );
  }
  return { rtol: rtol as number, atol: atol as number, tensors: tensors as Record<string, Partial<Tolerance>> };
}

/** Checks that the case has outputs, and that gradients belong to tensors of their shape. */
function checkTensors({ inputs, outputs, upstreams, grads }: Case, file: string): void {
  const refuse = (why: string) => new Error(`${file} is not a golden case: ${why}.`);
  if (Object.keys(outputs).length === 0) throw refuse('it has no outputs');
  const pairs: [string, Record<string, HostTensor>, string, Record<string, HostTensor>][] = [
    ['upstream', upstreams, 'output', outputs],
    ['grad', grads, 'input', inputs],
  ];
  for (const [kind, gradients, ofKind, of] of pairs) {
    for (const [name, { shape }] of Object.entries(gradients)) {
      const target = of[name];
      if (!target) throw refuse(`"${kind}.${name}" has no "${ofKind}.${name}"`);
      if (shape.join() !== target.shape.join()) {
        throw refuse(`"${kind}.${name}" has the shape [${shape}] and "${ofKind}.${name}" [${target.shape}]`);
      }
    }
  }
  if (Object.keys(grads).length > 0 && Object.keys(upstreams).length === 0)
    throw refuse('it has gradients but no upstream');
}

/** The tolerance of one tensor of a case, by its full name such as `output.logits` or `grad.x`. */
export function toleranceOf({ tolerance }: Case, fullName: string): Tolerance {
  return { rtol: tolerance.rtol, atol: tolerance.atol, ...tolerance.tensors[fullName] };
}

/**
 * Compares a tensor with what is wanted: `error` is max|got - want| and `limit` is atol + rtol max|want|, both maxima
 * over the whole tensor.
 * @throws when the two differ in length.
 */
export function compare(got: ArrayLike<number>, want: ArrayLike<number>, { rtol, atol }: Tolerance): Comparison {
  if (got.length !== want.length) {
    throw new Error(
      `Compared tensors differ in length: there are ${got.length} elements, and ${want.length} are wanted.`,
    );
  }
  let error = 0;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i]! - want[i]!);
    // A NaN stays: no later difference compares greater than it.
    if (difference > error || Number.isNaN(difference)) error = difference;
    largest = Math.max(largest, Math.abs(want[i]!));
  }
  const limit = atol + rtol * largest;
  return { ok: error <= limit, error, limit };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
