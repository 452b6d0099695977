import { compose, type Modules, recipesOf } from '../../src/gpu/kernel/compose.ts';
import { declarationsOf, differences } from '../../src/gpu/kernel/declarations.ts';
import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import { modules as shipped } from '../../src/gpu/kernel/generated/modules.ts';
import { createLibrary } from '../../src/gpu/kernel/library.ts';
import { createPipelines } from '../../src/gpu/kernel/pipelines.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { createTape } from '../../src/tape/tape.ts';
import { newDevice, testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('kernel modules');

const text = (...lines: string[]) => `${lines.join('\n')}\n`;

/** The kernel of that name, composed of the modules. */
function composed(name: string, modules: Modules) {
  const recipes = Object.entries(modules).flatMap(([path, source]) => recipesOf(path, source));
  return compose(recipes.find((recipe) => recipe.name === name)!, modules);
}

const modules = {
  'f/main.wgsl': text(
    '// What it is.',
    '// @kernel plain body=short',
    '// @kernel scalar SCALAR body=long',
    '// @include f/value.wgsl',
    '// @include f/{body}.wgsl',
    '// @include f/value.wgsl',
    'const A: u32 = 1u;',
  ),
  'f/value.wgsl': text(
    '// @if SCALAR',
    'alias Value = f32;',
    '// @else',
    'enable f16;',
    'alias Value = vec4h;',
    '// @end',
  ),
  'f/short.wgsl': text('// @needs A', 'const SHORT: u32 = A;'),
  'f/long.wgsl': text('const LONG: u32 = 2u;'),
};

test('a kernel is its module with what it includes, once, at the place of the first @include', () => {
  const lines = composed('f/scalar', modules).text.trimEnd().split('\n');
  assert.equal(lines, ['// What it is.', 'alias Value = f32;', 'const LONG: u32 = 2u;', 'const A: u32 = 1u;']);
});

test('enable moves to the top, and every line knows where it comes from', () => {
  const made = composed('f/plain', modules);
  assert.is(made.text.split('\n')[0], 'enable f16;');
  const from = made.places.map(({ path, line }) => `${path}:${line}`);
  assert.equal(from, ['f/value.wgsl:4', 'f/main.wgsl:1', 'f/value.wgsl:5', 'f/short.wgsl:2', 'f/main.wgsl:7']);
  assert.equal(made.modules, ['f/main.wgsl', 'f/value.wgsl', 'f/short.wgsl']);
});

test('a @variant makes every kernel above it once more, with its flags', () => {
  const source = text('// @kernel a', '// @kernel b WIDE body=tile', '// @variant _f16 F16');
  assert.equal(
    recipesOf('f/g.wgsl', source).map(({ name, flags, values }) => ({ name, flags, values })),
    [
      { name: 'f/a', flags: [], values: {} },
      { name: 'f/b', flags: ['WIDE'], values: { body: 'tile' } },
      { name: 'f/a_f16', flags: ['F16'], values: {} },
      { name: 'f/b_f16', flags: ['WIDE', 'F16'], values: { body: 'tile' } },
    ],
  );
});

test('conditions are a flag, its absence, all of several or any of several', () => {
  const kept = (flags: string, condition: string) =>
    composed('f/k', {
      'f/k.wgsl': text(`// @kernel k ${flags}`, `// @if ${condition}`, 'yes', '// @else', 'no', '// @end'),
    }).text.trim();
  const rows: [flags: string, condition: string, kept: string][] = [
    ['A', 'A', 'yes'],
    ['', 'A', 'no'],
    ['A', '!A', 'no'],
    ['A', 'A & B', 'no'],
    ['A B', 'A & B', 'yes'],
    ['B', 'A | B', 'yes'],
    ['C', 'A & B | C', 'yes'],
    ['A C', 'A & !C', 'no'],
  ];
  for (const [flags, condition, want] of rows) assert.is(kept(flags, condition), want, `${condition} with ${flags}`);
});

test('of an @if with several branches the first that holds is kept', () => {
  const source = (flags: string) => ({
    'f/k.wgsl': text(`// @kernel k ${flags}`, ...['// @if A', 'a', '// @elif B', 'b', '// @else', 'c', '// @end']),
  });
  for (const [flags, want] of [
    ['A B', 'a'],
    ['B', 'b'],
    ['', 'c'],
  ] as const)
    assert.is(composed('f/k', source(flags)).text.trim(), want);
});

test('texts are one kernel where main reaches the same declarations', () => {
  const one = 'const A: u32 = 1u; // @tune\nfn f() -> u32 { return A; } // comment\nfn main() { f(); }';
  const other = 'fn dead() {}\nfn f() -> u32 {\n  return A;\n}\nconst A: u32 = 1u; // @tune\nfn main() { f(); }';
  assert.equal(differences(one, other), []);
  assert.equal([...declarationsOf(other).keys()].sort(), ['A', 'f', 'main']);
  assert.equal(differences(one, other.replace('return A', 'return A + 1u')), ['f']);
  assert.equal(differences(one, other.replace(' // @tune', '')), ['A']);
});

test('a replaced module is what programs compile from then on, on that device alone', async () => {
  const device = await newDevice();
  const run = async ({ target }: typeof device, on: typeof device) => {
    const tape = createTape(target);
    tape.output('y', relu(tape, tape.input('x', [4])));
    const program = await compile(on, tape);
    return async () => [...(await program.run({ x: Float32Array.of(-1, 2, -3, 4) }, ['y']).read()).y];
  };
  const before = await run(device, device);
  const path = 'elementwise/relu.wgsl';
  device.library.replaceModule(path, shipped[path]!.replace('relu(x[i])', 'max(x[i], vec4f(-2.0))'));
  const after = await run(device, device);
  const other = await testDevice();
  assert.equal(await before(), [0, 2, 0, 4]);
  assert.equal(await after(), [-1, 2, -2, 4]);
  assert.equal(await (await run(other, other))(), [0, 2, 0, 4]);
  assert.throws(
    () => device.library.replaceModule('elementwise/spam.wgsl', ''),
    /no module kernels\/elementwise\/spam/,
  );
  device.destroy();
});

test("a compiler's message names the module's file, line and column, and the kernel", async () => {
  const { gpu, wait } = await testDevice();
  const library = createLibrary();
  const path = 'lib/elementwise.wgsl';
  const source = shipped[path]!;
  library.replaceModule(path, source.replace('let end = min(', 'let end = minn('));
  const line = source.split('\n').findIndex((text) => text.includes('let end = min(')) + 1;
  let thrown = '';
  await wait(createPipelines(gpu, library).get(kernels['elementwise/relu'], {})).catch(({ message }: Error) => {
    thrown = message;
  });
  assert.match(
    thrown,
    new RegExp(`^kernels/lib/elementwise\\.wgsl:${line}:13: .*minn.*\\(in elementwise/relu\\)`, 's'),
  );
});

test.run();
