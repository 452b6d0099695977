import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Composed } from './compose.ts';
import type { KernelBinding, KernelInterface, UniformField } from './kernel.ts';

const MAX_STORAGE_BUFFERS = 8;
const TUNE = /^const\s+(\w+)\s*(?::\s*\w+\s*)?=\s*(.+?)\s*;\s*\/\/\s*@tune\b/gm;
const ENABLE = /^\s*enable\s+(\w+)\s*;/gm;
const LITERAL = /^-?(?:0x[\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?[fh]?|\d+)[iu]?$/i;
const FEATURES: Readonly<Record<string, string>> = { f16: 'shader-f16' };

type Variables = WgslReflect['storage'];

/**
 * Reads the interface of a kernel from its composed text and refuses what breaks the rules of `kernels/`.
 * Throws one sentence, which begins with `kernels/PATH:LINE: ` where the line is known.
 */
export function reflectKernel(composed: Composed): KernelInterface {
  const module = parse(composed);
  const entries = Object.values(module.entry).flat();
  const [entry] = entries;
  if (entries.length !== 1 || entry?.name !== 'main' || entry.stage !== 'compute')
    throw new Error('a kernel has exactly one entry point, "@compute fn main"');
  for (const { name } of [...module.textures, ...module.samplers])
    throw new Error(`"${name}" is a texture or sampler, but a kernel uses only storage buffers and params`);
  for (const { name, group } of [...module.storage, ...module.uniforms])
    if (group !== 0) throw new Error(`binding "${name}" is in group ${group}, but every binding belongs to group 0`);
  return {
    bindings: bindingsOf(module.storage),
    uniforms: uniformsOf(module.uniforms),
    constants: constantsOf(composed.text),
    features: [...composed.text.matchAll(ENABLE)].map(([, word = '']) => FEATURES[word] ?? word.replaceAll('_', '-')),
  };
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
    const place = token && places[token.line - 1];
    throw new Error(`${place ? `kernels/${place.path}:${place.line}: ` : ''}does not parse: ${message}`);
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

function bindingsOf(storage: Variables): KernelBinding[] {
  if (storage.length > MAX_STORAGE_BUFFERS)
    throw new Error(`${storage.length} storage buffers, but only ${MAX_STORAGE_BUFFERS} are allowed everywhere`);
  const taken = new Map([[0, 'params']]);
  for (const { name, binding } of storage) {
    if (taken.has(binding)) throw new Error(`"${name}" and "${taken.get(binding)}" share binding ${binding}`);
    taken.set(binding, name);
  }
  return storage
    .map(({ name, binding, access }): KernelBinding => {
      return { name, binding, access: access === 'read_write' ? access : 'read' };
    })
    .sort((a, b) => a.binding - b.binding);
}

function uniformsOf(uniforms: Variables): KernelInterface['uniforms'] {
  const [params] = uniforms;
  if (!params) return null;
  if (uniforms.length > 1 || params.name !== 'params' || params.binding !== 0)
    throw new Error('the only uniform allowed is "@group(0) @binding(0) var<uniform> params: Params"');
  const { members } = params;
  if (!members) throw new Error('params has to be a struct');
  const fields = members.map(({ name, offset, type }): [string, UniformField] => {
    const scalar = (['u32', 'i32', 'f32'] as const).find((known) => known === type.name);
    if (!scalar) throw new Error(`params.${name} is ${type.name}, but only u32, i32 and f32 fields are allowed`);
    return [name, { offset, type: scalar }];
  });
  return { size: params.size, fields: Object.fromEntries(fields) };
}

function constantsOf(source: string): Record<string, number> {
  const lines = source.match(/^.*\/\/\s*@tune\b.*$/gm) ?? [];
  const found = [...source.matchAll(TUNE)];
  if (found.length !== lines.length)
    throw new Error('a "// @tune" line has to read "const NAME: type = literal; // @tune"');
  return Object.fromEntries(
    found.map(([, name = '', text = '']) => {
      if (!LITERAL.test(text)) throw new Error(`the @tune constant ${name} has to be a literal number, not "${text}"`);
      return [name, Number(/^0x/i.test(text) ? text.replace(/[iu]$/i, '') : text.replace(/[iufh]$/i, ''))];
    }),
  );
}
