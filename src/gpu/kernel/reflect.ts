import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Composed } from './compose.ts';
import type { DType, KernelBinding, KernelInterface, UniformField } from './kernel.ts';

const MAX_STORAGE_BUFFERS = 8;
const TUNE = /^const\s+(\w+)\s*(?::\s*\w+\s*)?=\s*(.+?)\s*;\s*\/\/\s*@tune\b/;
const ENABLE = /^\s*enable\s+(\w+)\s*;/gm;
const LITERAL = /^-?(?:0x[\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?[fh]?|\d+)[iu]?$/i;
const FEATURES: Readonly<Record<string, string>> = { f16: 'shader-f16' };

type Variables = WgslReflect['storage'];

/**
 * Reads the interface of a kernel from its composed text and refuses what breaks the rules of `kernels/`.
 * Throws `kernels/PATH:LINE:COLUMN: why`, of the module and line that are wrong.
 */
export function reflectKernel(composed: Composed): KernelInterface {
  const module = parse(composed);
  const refuse = (name: string, why: string) => fail(composed, name, why);
  const [entry, second] = Object.values(module.entry).flat();
  if (entry?.name !== 'main' || entry.stage !== 'compute' || second)
    refuse(second?.name ?? entry?.name ?? '', 'a kernel has exactly one entry point, "@compute fn main"');
  for (const { name } of [...module.textures, ...module.samplers])
    refuse(name, `"${name}" is a texture or sampler, but a kernel uses only storage buffers and params`);
  for (const { name, group } of [...module.storage, ...module.uniforms])
    if (group !== 0) refuse(name, `binding "${name}" is in group ${group}, but every binding belongs to group 0`);
  return {
    bindings: bindingsOf(composed.text, module.storage, refuse),
    uniforms: uniformsOf(module.uniforms, refuse),
    constants: constantsOf(composed.text, refuse),
    features: [...composed.text.matchAll(ENABLE)].map(([, word = '']) => FEATURES[word] ?? word.replaceAll('_', '-')),
  };
}

/** Says why what the name stands for is not allowed, at the line that declares it. */
type Refuse = (name: string, why: string) => never;

function fail({ text, places }: Composed, name: string, why: string): never {
  const lines = text.split('\n');
  const word = new RegExp(`\\b${name}\\b`);
  const declares = (line: string) => /^(@|var|const|fn|struct)/.test(line) && word.test(line.replace(/\/\/.*$/, ''));
  const index = Math.max(lines.findIndex(declares), 0);
  const place = places[index];
  throw new Error(`kernels/${place?.path}:${place?.line}:${Math.max(lines[index]?.search(word) ?? 0, 0) + 1}: ${why}`);
}

/** What the parser throws is no `Error`: it has a message and the token where it stopped. */
interface ParseFailure {
  readonly message?: string;
  readonly token?: { readonly line: number };
}

function parse({ text, places }: Composed): WgslReflect {
  try {
    return new WgslReflect(withoutBodies(text));
  } catch (thrown) {
    const { message = String(thrown), token } = Object(thrown) as ParseFailure;
    const place = places[(token?.line ?? 1) - 1] ?? places[0];
    throw new Error(`kernels/${place?.path}:${place?.line}:1: this does not parse: ${message}`);
  }
}

/**
 * The parser refuses some valid statements, and the interface can be read without any; compilers report what is wrong
 * inside functions better. Line breaks stay, so that line numbers in messages are right.
 */
function withoutBodies(source: string): string {
  const code = source.replace(/\/\/.*$/gm, '');
  let out = '';
  let depth = 0;
  let inFunction = false;
  for (const token of code.split(/(\bfn\b|[{}])/)) {
    if (depth === 0 && token === 'fn') inFunction = true;
    if (token === '}') depth -= 1;
    out += !inFunction || depth === 0 ? token : token.replace(/[^\n]/g, '');
    if (token === '}' && depth === 0) inFunction = false;
    if (token === '{') depth += 1;
  }
  return out;
}

function bindingsOf(text: string, storage: Variables, refuse: Refuse): KernelBinding[] {
  const beyond = storage[MAX_STORAGE_BUFFERS];
  if (beyond)
    refuse(beyond.name, `this is one storage buffer more than the ${MAX_STORAGE_BUFFERS} that are allowed everywhere`);
  const taken = new Map([[0, 'params']]);
  for (const { name, binding } of storage) {
    if (taken.has(binding)) refuse(name, `"${name}" and "${taken.get(binding)}" share binding ${binding}`);
    taken.set(binding, name);
  }
  return storage
    .map((variable): KernelBinding => {
      const { name, binding, access } = variable;
      const dtype = dtypeOf(text, variable);
      if (!dtype) refuse(name, `"${name}" has to be an array of f32, i32, u32, vectors of these, or Bytes`);
      return { name, binding, access: access === 'read_write' ? access : 'read', dtype };
    })
    .sort((a, b) => a.binding - b.binding);
}

/**
 * What the tensor holds that a binding is for. WGSL has no bytes, so a kernel that reads a u32 as four of them says so by
 * `alias Bytes = u32;`. The parser replaces aliases, and this one must not be.
 */
function dtypeOf(text: string, { name, format }: Variables[number]): DType | undefined {
  if (new RegExp(`\\b${name}\\s*:\\s*array<\\s*Bytes\\b`).test(text)) return 'u8';
  const inner = format && 'format' in format ? `<${(format.format as { readonly name: string }).name}>` : '';
  const type = /^(?:(f32|i32|u32)|(?:vec[234]|mat[234]x[234])(?:([fiu])|<(f32|i32|u32)>))$/;
  const [, scalar, letter, element] = type.exec(`${format?.name}${inner}`) ?? [];
  return (scalar ?? element ?? (letter && `${letter}32`)) as DType | undefined;
}

function uniformsOf(uniforms: Variables, refuse: Refuse): KernelInterface['uniforms'] {
  const [params] = uniforms;
  if (!params) return null;
  const second = uniforms[1];
  if (second || params.name !== 'params' || params.binding !== 0)
    refuse((second ?? params).name, 'the only uniform allowed is "@group(0) @binding(0) var<uniform> params: Params"');
  const fields = (params.members ?? refuse('params', 'params has to be a struct')).map(
    ({ name, offset, type }): [string, UniformField] => {
      const scalar = (['u32', 'i32', 'f32'] as const).find((known) => known === type.name);
      if (!scalar) refuse('Params', `params.${name} is ${type.name}, but only u32, i32 and f32 fields are allowed`);
      return [name, { offset, type: scalar }];
    },
  );
  return { size: params.size, fields: Object.fromEntries(fields) };
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
