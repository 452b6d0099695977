import { type Composed, fileOf } from './compose.ts';
import type { DType, KernelBinding, KernelInterface, UniformField } from './kernel.ts';

const MAX_STORAGE_BUFFERS = 8;
const TUNE = /^const\s+(\w+)\s*(?::\s*\w+\s*)?=\s*(.+?)\s*;\s*\/\/\s*@tune\b/;
const ENABLE = /^\s*enable\s+(\w+)\s*;/gm;
const LITERAL = /^-?(?:0x[\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?[fh]?|\d+)[iu]?$/i;
const FEATURES: Readonly<Record<string, string>> = { f16: 'shader-f16' };

/**
 * Reads the interface of a kernel from its composed text and refuses what breaks the rules of `kernels/`.
 * Throws `FILE:LINE:COLUMN: why`, of the module and line that are wrong.
 */
export function reflectKernel(composed: Composed): KernelInterface {
  const code = withoutBodies(composed.text);
  const refuse = (name: string, why: string) => fail(composed, name, why);
  const [entry, second] = [...code.matchAll(/@(compute|vertex|fragment)\b[^;{}]*?\bfn\s+(\w+)/g)];
  if (entry?.[1] !== 'compute' || entry[2] !== 'main' || second)
    refuse((second ?? entry)?.[2] ?? '', 'a kernel has exactly one entry point, "@compute fn main"');
  const variables = variablesOf(code);
  const bound = variables.filter(({ space }) => !['private', 'workgroup'].includes(space));
  for (const { name, group, binding, space } of bound) {
    if (!['storage', 'uniform'].includes(space))
      refuse(name, `"${name}" is a texture or sampler, but a kernel uses only storage buffers and params`);
    if (group !== 0) refuse(name, `binding "${name}" is in group ${group}, but every binding belongs to group 0`);
    if (Number.isNaN(binding)) refuse(name, `"${name}" has no number, as in "@binding(1)"`);
  }
  return {
    bindings: bindingsOf(
      code,
      bound.filter(({ space }) => space === 'storage'),
      refuse,
    ),
    uniforms: uniformsOf(
      code,
      bound.filter(({ space }) => space === 'uniform'),
      refuse,
    ),
    constants: constantsOf(composed.text, refuse),
    features: [...composed.text.matchAll(ENABLE)].map(([, word = '']) => FEATURES[word] ?? word.replaceAll('_', '-')),
  };
}

/** Says why what the name stands for is not allowed, at the line that declares it. */
type Refuse = (name: string, why: string) => never;

function fail({ text, places }: Composed, name: string, why: string): never {
  const lines = text.split('\n');
  const word = new RegExp(`\\b${name}\\b`);
  const names = (line: string) => word.test(line.replace(/\/\/.*$/, ''));
  const declares = (line: string) => /^(@|var|const|fn|struct)/.test(line) && names(line);
  // A declaration may be broken into lines.
  const index = [declares, names].map((test) => lines.findIndex(test)).find((found) => found >= 0) ?? 0;
  const place = places[index];
  const column = Math.max(lines[index]?.search(word) ?? 0, 0) + 1;
  throw new Error(`${fileOf(place?.path ?? '')}:${place?.line}:${column}: ${why}`);
}

/** A module-scope variable in an address space; none is said of textures and samplers. */
interface Variable {
  readonly name: string;
  readonly group: number;
  readonly binding: number;
  readonly space: string;
  readonly access: string;
  readonly type: string;
}

const VARIABLE = /((?:@\w+\s*\([^)]*\)\s*)*)\bvar\s*(?:<\s*(\w+)\s*(?:,\s*(\w+)\s*)?>)?\s*(\w+)\s*:\s*([^;=]+)/g;

function variablesOf(code: string): Variable[] {
  return [...code.matchAll(VARIABLE)].map(([, attributes = '', space = '', access = 'read', name = '', type = '']) => {
    const number = (attribute: string) =>
      Number(new RegExp(`@${attribute}\\s*\\(\\s*(\\d+)[iu]?\\s*\\)`).exec(attributes)?.[1] ?? Number.NaN);
    return { name, group: number('group'), binding: number('binding'), space, access, type: type.replace(/\s/g, '') };
  });
}

/** What is declared outside of functions: compilers report best what is wrong inside, and nothing of it is an interface. */
function withoutBodies(source: string): string {
  const code = source.replace(/\/\*.*?\*\//gs, '').replace(/\/\/.*$/gm, '');
  let out = '';
  let depth = 0;
  let inFunction = false;
  for (const token of code.split(/(\bfn\b|[{}])/)) {
    if (depth === 0 && token === 'fn') inFunction = true;
    if (token === '}') depth -= 1;
    if (!inFunction || depth === 0) out += token;
    if (token === '}' && depth === 0) inFunction = false;
    if (token === '{') depth += 1;
  }
  return out;
}

function bindingsOf(code: string, storage: readonly Variable[], refuse: Refuse): KernelBinding[] {
  const beyond = storage[MAX_STORAGE_BUFFERS];
  if (beyond)
    refuse(beyond.name, `this is one storage buffer more than the ${MAX_STORAGE_BUFFERS} that are allowed everywhere`);
  const taken = new Map([[0, 'params']]);
  const aliases = new Map(
    [...code.matchAll(/\balias\s+(\w+)\s*=\s*([^;]+);/g)].map(([, name = '', of = '']) => [name, of]),
  );
  for (const { name, binding } of storage) {
    if (taken.has(binding)) refuse(name, `"${name}" and "${taken.get(binding)}" share binding ${binding}`);
    taken.set(binding, name);
  }
  return storage
    .map(({ name, binding, access, type }): KernelBinding => {
      const dtype = dtypeOf(type, aliases);
      if (!dtype) refuse(name, `"${name}" has to be an array of f32, i32, u32, vectors of these, or Bytes`);
      return { name, binding, access: access === 'read_write' ? access : 'read', dtype };
    })
    .sort((a, b) => a.binding - b.binding);
}

/**
 * What the tensor holds that a binding is for. WGSL has no bytes, so a kernel that reads a u32 as four of them says so by
 * `alias Bytes = u32;`.
 */
function dtypeOf(type: string, aliases: ReadonlyMap<string, string>): DType | undefined {
  let element = /^array<(.+)>$/.exec(type)?.[1]?.trim() ?? '';
  // An alias may stand for another one, but never for itself.
  for (let depth = 0; depth <= aliases.size && element !== 'Bytes'; depth++)
    element = aliases.get(element)?.trim() ?? element;
  if (element === 'Bytes') return 'u8';
  const [, scalar, letter, inner] = ELEMENT.exec(element) ?? [];
  return (scalar ?? inner ?? (letter && `${letter}32`)) as DType | undefined;
}

const ELEMENT = /^(?:(f32|i32|u32)|(?:vec[234]|mat[234]x[234])(?:([fiu])|<\s*(f32|i32|u32)\s*>))$/;

function uniformsOf(code: string, uniforms: readonly Variable[], refuse: Refuse): KernelInterface['uniforms'] {
  const [params, second] = uniforms;
  if (!params) return null;
  if (second || params.name !== 'params' || params.binding !== 0)
    refuse((second ?? params).name, 'the only uniform allowed is "@group(0) @binding(0) var<uniform> params: Params"');
  const body = new RegExp(`\\bstruct\\s+${params.type}\\s*\\{([^}]*)\\}`).exec(code)?.[1];
  if (body === undefined) refuse('params', 'params has to be a struct');
  const members = body.split(',').map((member) => member.trim());
  const fields = members.filter(Boolean).map((member, index): [string, UniformField] => {
    const [, name = '', type = ''] = /^(\w+)\s*:\s*(.+)$/s.exec(member) ?? [];
    const scalar = (['u32', 'i32', 'f32'] as const).find((known) => known === type);
    if (!scalar)
      refuse(
        params.type,
        `params.${name || member} is ${type || 'none'}, but only u32, i32 and f32 fields are allowed`,
      );
    return [name, { offset: 4 * index, type: scalar }];
  });
  return { size: 4 * fields.length, fields: Object.fromEntries(fields) };
}

function constantsOf(source: string, refuse: Refuse): Record<string, number> {
  const found = (source.match(/^.*\/\/\s*@tune\b.*$/gm) ?? []).map((line): [string, number] => {
    const [, name = '', text = ''] = TUNE.exec(line) ?? [];
    if (!name) refuse(/\w+(?=\s*[:=])/.exec(line)?.[0] ?? '', 'a @tune line is "const NAME: type = literal; // @tune"');
    if (!LITERAL.test(text)) refuse(name, `the @tune constant ${name} has to be a literal number, not "${text}"`);
    return [name, Number(/^0x/i.test(text) ? text.replace(/[iu]$/i, '') : text.replace(/[iufh]$/i, ''))];
  });
  return Object.fromEntries(found);
}
