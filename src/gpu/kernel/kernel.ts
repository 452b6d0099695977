import type { Modules, Recipe } from './compose.ts';

/**
 * A WGSL kernel as reflection describes it: what it is composed of, what it binds, its uniform struct and its tunable
 * constants. The type parameters are the names of its storage bindings, uniform fields and constants, so that a wrong name
 * does not compile.
 */
export interface Kernel<B extends string = string, U extends string = string, C extends string = string>
  extends Recipe,
    KernelInterface<B, U, C> {
  /** The texts that it is composed of. */
  readonly modules: Modules;
}

export interface KernelInterface<B extends string = string, U extends string = string, C extends string = string> {
  readonly bindings: readonly KernelBinding<B>[];
  readonly uniforms: { readonly size: number; readonly fields: { readonly [K in U]: UniformField } } | null;
  readonly constants: { readonly [K in C]: number };
  /** WebGPU features that the text enables, for example `subgroups`. */
  readonly features: readonly string[];
}

/** What tensors hold. Bytes (`u8`) are packed four to a word, the first in the lowest bits. */
export type DType = 'f32' | 'i32' | 'u32' | 'u8';

export interface KernelBinding<B extends string = string> {
  readonly name: B;
  readonly binding: number;
  readonly access: 'read' | 'read_write';
  /** Of the tensor to bind. */
  readonly dtype: DType;
}

export interface UniformField {
  readonly offset: number;
  readonly type: 'u32' | 'i32' | 'f32';
}

const TUNE_LINE = /^const\s+(\w+)\s*:\s*(u32|i32|f32)\s*=\s*([^;]+);(\s*\/\/\s*@tune.*)$/gm;

/**
 * A kernel's composed text with its `// @tune` constants replaced by `values`.
 * Throws when a name is not one of the kernel's tunable constants.
 */
export function specialize(kernel: Kernel, text: string, values: Readonly<Record<string, number>>): string {
  const unknown = Object.keys(values).filter((name) => !(name in kernel.constants));
  if (unknown.length > 0) {
    const known = Object.keys(kernel.constants).join(', ') || 'none';
    throw new Error(`Kernel ${kernel.name} has no tunable constant ${unknown.join(', ')}; it has: ${known}.`);
  }
  return text.replace(TUNE_LINE, (line: string, name: string, type: string, _old: string, tail: string) => {
    const value = values[name];
    if (value === undefined) return line;
    const literal = type === 'f32' ? (Number.isInteger(value) ? `${value}.0` : `${value}`) : `${value}${type[0]}`;
    return `const ${name}: ${type} = ${literal};${tail}`;
  });
}

/** Packs uniform values into the kernel's struct. Throws when a field is missing or is no number that fits its type. */
export function packUniforms(kernel: Kernel, values: Readonly<Record<string, number>>): ArrayBuffer {
  const { size, fields } = kernel.uniforms ?? { size: 0, fields: {} };
  const bytes = new ArrayBuffer(size);
  const view = new DataView(bytes);
  for (const [name, { offset, type }] of Object.entries<UniformField>(fields)) {
    const value = values[name];
    if (value === undefined || Number.isNaN(value))
      throw new Error(`Kernel ${kernel.name}: uniform ${name} is not set.`);
    if (type === 'f32') view.setFloat32(offset, value, true);
    else if (!Number.isInteger(value) || value < (type === 'u32' ? 0 : -(2 ** 31)) || value >= 2 ** 32)
      throw new Error(`Kernel ${kernel.name}: uniform ${name} is ${value}, which does not fit ${type}.`);
    else if (type === 'u32') view.setUint32(offset, value, true);
    else view.setInt32(offset, value, true);
  }
  return bytes;
}
