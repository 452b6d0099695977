import { createCompiler } from '../../src/build/compile.node.ts';
import { indexKernels } from '../../src/build/kernels.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { reflectKernel } from '../../src/gpu/kernel/reflect.ts';
import { assert, suite } from '../harness.ts';

const test = suite('the build of kernels');

interface Mistake {
  readonly name: string;
  /** The module with the mistake. */
  readonly path: string;
  /** What is there, its replacement, and on which of the text's lines the mistake is told (the first unless said). */
  readonly text: string;
  readonly replacement: string;
  readonly line?: number;
  /** Where it is told, when not in the edited module: the module, and text in the line. */
  readonly told?: readonly [path: string, text: string];
  readonly message: RegExp;
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a call of a function that has another name',
    path: 'gemm/tile.wgsl',
    text: 'a_step(&',
    replacement: 'a_next(&',
    message: /unresolved .*a_next.*\(in \w+\/\w+\)/,
  },
  {
    name: 'a swizzle with a letter that no vector has',
    path: 'gemm/subgroup.wgsl',
    text: 'a[0].zwxy',
    replacement: 'a[0].zwxq',
    message: /invalid vector swizzle|swizzle/,
  },
  {
    name: 'a missing semicolon at the end of a line',
    path: 'gemm/tile.wgsl',
    text: 'var c00 = mat4x4f();',
    replacement: 'var c00 = mat4x4f()',
    message: /expected ';'/,
  },
  {
    name: 'a missing @end',
    path: 'conv2d/forward.wgsl',
    text: '// @if IMAGE | SCALAR\n',
    replacement: '// @if IMAGE\n// @end\n// @if IMAGE | SCALAR\n// @if SCALAR\n',
    line: 4,
    message: /@if inside of the @if in line \d+/,
  },
  {
    name: 'an @if that nothing ends',
    path: 'lib/grid.wgsl',
    text: 'fn workgroup_index',
    replacement: '// @if SCALAR\nfn workgroup_index',
    message: /this @if has no @end/,
  },
  {
    name: 'an @end that ends nothing',
    path: 'lib/grid.wgsl',
    text: 'fn workgroup_index',
    replacement: '// @end\nfn workgroup_index',
    message: /@end without @if/,
  },
  {
    name: 'a misspelt directive',
    path: 'conv2d/forward.wgsl',
    text: '// @include conv2d/params.wgsl',
    replacement: '// @inclde conv2d/params.wgsl',
    message: /@inclde is no directive/,
  },
  {
    name: 'a module that is not there',
    path: 'gemm/tile.wgsl',
    text: '// @include gemm/place.wgsl',
    replacement: '// @include gemm/plaice.wgsl',
    message: /there is no kernels\/gemm\/plaice\.wgsl, which \w+\/\w+ includes/,
  },
  {
    name: 'a choice that no kernel makes',
    path: 'matmul/product.wgsl',
    text: '// @include gemm/{body}.wgsl',
    replacement: '// @include gemm/{bodi}.wgsl',
    message: /matmul\/\w+ has no bodi=/,
  },
  {
    name: 'a function that a body needs and the operands do not have',
    path: 'matmul/problem.wgsl',
    text: 'fn gemm_depth(',
    replacement: 'fn gemm_length(',
    told: ['gemm/subgroup.wgsl', '@needs gemm_rows'],
    message: /"gemm_depth" is needed, but no module of matmul\/\w+ declares it/,
  },
  {
    name: 'a name that two modules declare',
    path: 'conv2d/params.wgsl',
    text: '@group(0) @binding(0)',
    replacement: 'const RELU: u32 = 2u;\n@group(0) @binding(0)',
    told: ['lib/activation.wgsl', 'const RELU'],
    message: /"RELU" is declared in kernels\/conv2d\/params\.wgsl:\d+ too/,
  },
  {
    name: 'a flag that no kernel has',
    path: 'lib/value.wgsl',
    text: '// @if SCALAR',
    replacement: '// @if SCALER',
    message: /no kernel that includes this module has the flag SCALER/,
  },
  {
    name: 'a condition that cannot be read',
    path: 'lib/value.wgsl',
    text: '// @if SCALAR',
    replacement: '// @if SCALAR && WIDE',
    message: /"SCALAR && WIDE" is no condition/,
  },
  {
    name: 'two numbers of different types',
    path: 'lib/rows.wgsl',
    text: 'var total = 0.0;',
    replacement: 'var total = 0u;',
    told: ['lib/rows.wgsl', 'total += lane_values[i];'],
    message: /f32.*u32|u32.*f32|no matching overload/,
  },
  {
    name: 'a uniform that does not exist',
    path: 'reduce/fill.wgsl',
    text: 'params.factor',
    replacement: 'params.fcator',
    message: /fcator/,
  },
  {
    name: 'a binding that two buffers have',
    path: 'reduce/fill.wgsl',
    text: '@group(0) @binding(2) var<storage, read> x',
    replacement: '@group(0) @binding(1) var<storage, read> x',
    message: /share|binding/,
  },
  {
    name: 'a tunable constant that is no number',
    path: 'gemm/tile.wgsl',
    text: 'const THREADS_X: u32 = 8u;',
    replacement: 'const THREADS_X: u32 = 2u * 4u;',
    message: /THREADS_X has to be a literal number, not "2u \* 4u" \(in \w+\/\w+\)/,
  },
  {
    name: 'a keyword that is none',
    path: 'lib/columns.wgsl',
    text: 'const WORKGROUP: u32',
    replacement: 'cnst WORKGROUP: u32',
    message: /unexpected token/,
  },
];

const compiler = createCompiler();

for (const { name, path, text, replacement, line = 1, told, message } of MISTAKES)
  test(`${name} is told once, with file and line`, async () => {
    const source = modules[path]!;
    assert.ok(source.includes(text), `kernels/${path} has no "${text}"`);
    const edited = { ...modules, [path]: source.replace(text, replacement) };
    const lineOf = (file: string, wanted: string) => {
      const before = edited[file]!.slice(0, edited[file]!.indexOf(wanted));
      return before.split('\n').length;
    };
    const where = told ? `${told[0]}:${lineOf(...told)}` : `${path}:${lineOf(path, replacement) + line - 1}`;
    const { errors } = await indexKernels(edited, await compiler);
    assert.ok(
      errors.some((error) => error.startsWith(`kernels/${where}:`) && message.test(error)),
      `kernels/${where}: ${message} is not among\n${errors.join('\n')}`,
    );
    const places = errors.map((error) => error.split(':').slice(0, 2).join(':'));
    assert.is(new Set(places).size, places.length);
  });

test('what is without effect is told: a module, a flag, a value', async () => {
  const errorsOf = async (edited: Readonly<Record<string, string>>) =>
    (await indexKernels({ ...modules, ...edited })).errors.join('\n');
  assert.is(await errorsOf({}), '');
  assert.match(
    await errorsOf({ 'lib/spam.wgsl': 'const SPAM: u32 = 1u;\n' }),
    /^kernels\/lib\/spam\.wgsl:1: no kernel/,
  );
  const fill = modules['reduce/fill.wgsl']!;
  const kernel = (words: string) => ({ 'reduce/fill.wgsl': fill.replace('@kernel fill', `@kernel fill ${words}`) });
  assert.match(await errorsOf(kernel('WIDE')), /no module of reduce\/fill tests its flag WIDE/);
  assert.match(await errorsOf(kernel('body=tile')), /no @include of reduce\/fill asks for its body=/);
  assert.match(await errorsOf(kernel('a+b')), /"a\+b" is neither a FLAG nor key=value/);
});

test('a binding is reflected with what its tensor holds', () => {
  const reflected = (type: string) => {
    const lines = [
      'alias Bytes = u32;',
      'alias Value = vec4f;',
      'struct Pair { a: f32, b: i32 }',
      `@group(0) @binding(1) var<storage, read> x: array<${type}>;`,
      '@compute @workgroup_size(1) fn main() {}',
    ];
    const places = lines.map((_, index) => ({ path: 'x.wgsl', line: index + 1 }));
    return reflectKernel({ text: lines.join('\n'), places, modules: [] }).bindings[0]!.dtype;
  };
  const wanted = {
    ...{ f32: 'f32', vec2f: 'f32', 'vec4<f32>': 'f32', mat4x4f: 'f32', Value: 'f32' },
    ...{ i32: 'i32', vec4i: 'i32', u32: 'u32', vec3u: 'u32', 'vec4<u32>': 'u32', Bytes: 'u8' },
  };
  for (const [type, dtype] of Object.entries(wanted)) assert.is(reflected(type), dtype, type);
  for (const type of ['Pair', 'atomic<u32>', 'vec4h'])
    assert.throws(() => reflected(type), /^kernels\/x\.wgsl:4:42: "x" has to be an array of f32, i32, u32/);
});

test('two kernels of one name are told', async () => {
  const { errors } = await indexKernels({ ...modules, 'reduce/twice.wgsl': modules['reduce/fill.wgsl']! });
  assert.match(errors.join('\n'), /the kernel reduce\/fill is made in kernels\/reduce\/fill\.wgsl too/);
});

test('lib/ holds what several families use, a folder what it alone uses', () => {
  const users = new Map<string, Set<string>>();
  for (const [path, source] of Object.entries(modules))
    for (const [, included = ''] of source.matchAll(/@include (\S+)/g))
      users.set(included, (users.get(included) ?? new Set()).add(path.split('/')[0]!));
  const alone = [...users].filter(([path, families]) => path.startsWith('lib/') && families.size === 1);
  assert.equal(
    alone.map(([path]) => path),
    [],
  );
});

test.run();
