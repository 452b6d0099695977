// Reads the interface of a kernel from its WGSL: bindings, uniforms, tunable constants, features.
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';

const MAX_STORAGE_BUFFERS = 8;
const TUNE = /^const\s+(\w+)\s*(?::\s*\w+\s*)?=\s*(.+?)\s*;\s*\/\/\s*@tune\b/gm;
const ENABLE = /^\s*enable\s+(\w+)\s*;/gm;
const LITERAL = /^-?(?:0x[\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?[fh]?|\d+)[iu]?$/i;
const FEATURES = { f16: 'shader-f16' };

/**
 * Describes one kernel file and refuses what breaks the rules of `kernels/`.
 *
 * @param {string} name the path below `kernels/` without `.wgsl`
 * @param {string} source the WGSL text
 */
export function reflectKernel(name, source) {
  const module = parse(source);
  const entries = Object.values(module.entry).flat();
  if (entries.length !== 1 || entries[0].name !== 'main' || entries[0].stage !== 'compute') {
    throw new Error('a kernel has exactly one entry point, "@compute fn main"');
  }
  for (const item of [...module.textures, ...module.samplers]) {
    throw new Error(`"${item.name}" is a texture or sampler, but a kernel uses only storage buffers and params`);
  }
  for (const { name: binding, group } of [...module.storage, ...module.uniforms]) {
    if (group !== 0) throw new Error(`binding "${binding}" is in group ${group}, but every binding belongs to group 0`);
  }
  return {
    name,
    bindings: bindingsOf(module.storage),
    uniforms: uniformsOf(module.uniforms),
    constants: constantsOf(source),
    features: [...source.matchAll(ENABLE)].map(([, word]) => FEATURES[word] ?? word.replaceAll('_', '-')),
  };
}

/** wgsl_reflect throws strings and objects as well as errors, so all of them become one readable error. */
function parse(source) {
  try {
    return new WgslReflect(withoutBodies(source));
  } catch (error) {
    throw new Error(`does not parse: ${error?.message ?? JSON.stringify(error)}`);
  }
}

/**
 * The parser refuses some valid statements, and the interface can be read without any; compilers report what is wrong
 * inside functions better. Line breaks stay, so that line numbers in messages are right.
 */
function withoutBodies(source) {
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

function bindingsOf(storage) {
  if (storage.length > MAX_STORAGE_BUFFERS) {
    throw new Error(`${storage.length} storage buffers, but only ${MAX_STORAGE_BUFFERS} are allowed everywhere`);
  }
  const taken = new Map([[0, 'params']]);
  for (const { name, binding } of storage) {
    if (taken.has(binding)) throw new Error(`"${name}" and "${taken.get(binding)}" share binding ${binding}`);
    taken.set(binding, name);
  }
  return storage
    .map(({ name, binding, access }) => ({ name, binding, access: access === 'read_write' ? access : 'read' }))
    .sort((a, b) => a.binding - b.binding);
}

function uniformsOf(uniforms) {
  const [params] = uniforms;
  if (!params) return null;
  if (uniforms.length > 1 || params.name !== 'params' || params.binding !== 0) {
    throw new Error('the only uniform allowed is "@group(0) @binding(0) var<uniform> params: Params"');
  }
  if (!params.type.isStruct) throw new Error('params has to be a struct');
  const fields = params.type.members.map(({ name, offset, type }) => {
    if (!['u32', 'i32', 'f32'].includes(type.name)) {
      throw new Error(`params.${name} is ${type.name}, but only u32, i32 and f32 fields are allowed`);
    }
    return [name, { offset, type: type.name }];
  });
  return { size: params.type.size, fields: Object.fromEntries(fields) };
}

function constantsOf(source) {
  const lines = source.match(/^.*\/\/\s*@tune\b.*$/gm) ?? [];
  const found = [...source.matchAll(TUNE)];
  if (found.length !== lines.length) {
    throw new Error('a "// @tune" line has to read "const NAME: type = literal; // @tune"');
  }
  return Object.fromEntries(
    found.map(([, name, text]) => {
      if (!LITERAL.test(text)) throw new Error(`the @tune constant ${name} has to be a literal number, not "${text}"`);
      return [name, Number(/^0x/i.test(text) ? text.replace(/[iu]$/i, '') : text.replace(/[iufh]$/i, ''))];
    }),
  );
}
