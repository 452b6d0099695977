import { defineKernel } from '../../src/gpu/kernel/define.ts';
import type { Kernel } from '../../src/gpu/kernel/kernel.ts';
import { grid } from '../../src/gpu/kernel/target.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { sum } from '../../src/ops/reduce.ts';
import { createTape, type Tape } from '../../src/tape/tape.ts';
import type { Tensor } from '../../src/tape/tensor.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('kernels of one’s own');

/** y = x to the power of an exponent, over the first `size` elements. */
const POWER = `
const WORKGROUP: u32 = 64u; // @tune
struct Params {
  size: u32, // elements
  exponent: f32,
}
/* One invocation
   an element. */
alias Element = f32;
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write>
  y: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
// @include lib/grid.wgsl
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (i < params.size) {
    y[i] = pow(x[i], params.exponent);
  }
}
`;
const forward = defineKernel('power', POWER);
const gradient = defineKernel('power_gradient', {
  './power_gradient.wgsl': POWER.replace(
    'y[i] = pow(x[i], params.exponent);',
    'y[i] = dy[i] * power_slope(x[i]);',
  ).concat('// @include ./slope.wgsl\n@group(0) @binding(3) var<storage, read> dy: array<f32>;\n'),
  './slope.wgsl': 'fn power_slope(x: f32) -> f32 {\n  return params.exponent * pow(x, params.exponent - 1.0);\n}\n',
});

function power(tape: Tape, x: Tensor, exponent: number): Tensor {
  const [size = 0] = x.shape;
  const rest = {
    uniforms: { size, exponent },
    constants: { WORKGROUP: 8 },
    workgroups: grid(tape.target, Math.ceil(size / 8)),
  };
  const y = tape.empty(x.shape, 'power');
  tape.dispatch(forward, { bindings: { x, y }, label: 'power', ...rest });
  return tape.record('power', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'power.grad');
      tape.dispatch(gradient, { bindings: { x, y: dx, dy }, label: 'power.backward', ...rest });
      return dx;
    },
  }));
}

test('an op of one’s own is computed and differentiated as others are', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  const x = tape.input('x', [21], 'f32', { requiresGrad: true });
  const y = power(tape, x, 1.5);
  tape.output('y', y);
  tape.output('dx', gradients(tape, sum(tape, y)).get(x)!);
  const program = await compile(device, tape);
  const values = Float32Array.from({ length: 21 }, (_, i) => 0.1 + i / 7);
  const got = await program.run({ x: values }, ['y', 'dx']).read();
  for (const [i, value] of values.entries()) {
    assert.ok(Math.abs(got.y[i]! - value ** 1.5) < 1e-5 * (1 + value ** 1.5), `y[${i}] is ${got.y[i]}`);
    assert.ok(Math.abs(got.dx[i]! - 1.5 * value ** 0.5) < 1e-5 * 4, `dx[${i}] is ${got.dx[i]}`);
  }
  assert.equal(
    program
      .describe()
      .map(({ kernel }) => kernel)
      .filter((name) => name.startsWith('power')),
    ['power', 'power_gradient'],
  );
});

test('its interface is what its text declares', () => {
  assert.equal(forward.bindings, [
    { name: 'x', binding: 1, access: 'read', dtype: 'f32' },
    { name: 'y', binding: 2, access: 'read_write', dtype: 'f32' },
  ]);
  assert.equal(forward.uniforms, {
    size: 8,
    fields: { size: { offset: 0, type: 'u32' }, exponent: { offset: 4, type: 'f32' } },
  });
  assert.equal(forward.constants, { WORKGROUP: 64 });
  const half = defineKernel('half', `enable f16;\n${POWER}`);
  assert.equal(half.features, ['shader-f16']);
});

test('a launch is held to the names of the kernel, and to what the adapter has', async () => {
  const { target } = await testDevice();
  const launch = (names: object, kernel: Kernel = forward) => {
    const tape = createTape(target);
    const tensor = tape.input('x', [4]);
    const uniforms = { size: 4, exponent: 2 };
    tape.dispatch(kernel, {
      ...{ bindings: { x: tensor, y: tape.empty([4], 'y') }, uniforms },
      ...{ workgroups: [1, 1, 1], label: 'own' },
      ...names,
    });
  };
  launch({});
  const tensor = createTape(target).input('x', [4]);
  for (const [names, message] of [
    [{ bindings: { x: tensor } }, /^own: the kernel power was not given its binding y\.$/],
    [{ bindings: { x: tensor, y: tensor, z: tensor } }, /^own: the kernel power has no binding z; it has: x, y\.$/],
    [{ uniforms: { size: 4 } }, /^own: the kernel power was not given its uniform exponent\.$/],
    [
      { uniforms: { size: 4, exponent: 2, n: 1 } },
      /^own: the kernel power has no uniform n; it has: size, exponent\.$/,
    ],
    [{ constants: { LANES: 4 } }, /^own: the kernel power has no constant LANES; it has: WORKGROUP\.$/],
    [
      { bindings: { x: { ...tensor, dtype: 'i32' }, y: tensor } },
      /x is i32, but it must be f32 \(x of the kernel power\)/,
    ],
  ] as const)
    assert.throws(() => launch(names), message);
  const rare = { ...forward, features: ['texture-compression-astc'] };
  assert.throws(
    () => launch({}, rare),
    /^own: the kernel power needs texture-compression-astc, which .* does not have\.$/,
  );
});

test('what is wrong with its text is told with file, line and column', async () => {
  const wrong = (text: string, replacement: string, name = 'power') =>
    defineKernel(name, POWER.replace(text, replacement) as string);
  for (const [text, replacement, message] of [
    ['array<Element>', 'array<atomic<u32>>', /^power\.wgsl:12:3: "y" has to be an array of f32/],
    ['exponent: f32', 'exponent: vec2f', /^power\.wgsl:3:8: params\.exponent is vec2f, but only u32/],
    ['@binding(2)', '@binding(1)', /^power\.wgsl:13:\d+: "x" and "y" share binding 1/],
    ['= 64u;', '= 8u * 8u;', /^power\.wgsl:2:7: the @tune constant WORKGROUP has to be a literal number/],
    ['fn main', 'fn start', /^power\.wgsl:16:4: a kernel has exactly one entry point/],
    [
      'lib/grid.wgsl',
      'lib/gird.wgsl',
      /^power\.wgsl:14:13: there is no kernels\/lib\/gird\.wgsl, which power includes/,
    ],
    ['var<storage, read> x: array<f32>', 'var x: texture_2d<f32>', /^power\.wgsl:13:\d+: "x" is a texture or sampler/],
    ['@group(0) @binding(1)', '@group(1) @binding(1)', /^power\.wgsl:13:\d+: binding "x" is in group 1/],
  ] as const)
    assert.throws(() => wrong(text, replacement), message, replacement);
  assert.throws(
    () => defineKernel('power', { 'power.wgsl': POWER }),
    /the path "power\.wgsl" of a module of your own has to begin with/,
  );
  assert.throws(() => defineKernel('b', { './a.wgsl': '// @kernel a' }), /^No @kernel line makes b; there are: a\.$/);

  const device = await testDevice();
  const tape = createTape(device.target);
  const bindings = { x: tape.input('x', [4]), y: tape.empty([4], 'y') };
  const kernel: Kernel = wrong('pow(x[i]', 'pow(z[i]');
  tape.dispatch(kernel, { bindings, uniforms: { size: 4, exponent: 2 }, workgroups: [1, 1, 1], label: 'own' });
  tape.output('y', bindings.y);
  let told = '';
  await compile(device, tape).catch(({ message }: Error) => {
    told = message;
  });
  // Compilers word it differently.
  assert.match(told, /^power\.wgsl:19:16: .*z.* \(in power\)\n {2}y\[i\] = pow\(z\[i\], params\.exponent\);\n {13}\^$/);
});

test('a kernel that is defined again under its name is another one, and @kernel lines set its flags', async () => {
  const device = await testDevice();
  const text = [
    '// @kernel one',
    '// @kernel two TWO',
    '@group(0) @binding(1) var<storage, read_write> y: array<f32>;',
    '@compute @workgroup_size(1) fn main() {',
    '// @if TWO',
    '  y[0] = 2.0;',
    '// @else',
    '  y[0] = 1.0;',
    '// @end',
    '}',
  ].join('\n');
  const value = async (kernel: Kernel) => {
    const tape = createTape(device.target);
    const y = tape.empty([1], 'y');
    tape.dispatch(kernel, { bindings: { y }, uniforms: {}, workgroups: [1, 1, 1], label: 'own' });
    tape.output('y', y);
    return (await (await compile(device, tape)).run({}, ['y']).read()).y[0];
  };
  assert.is(await value(defineKernel('one', text as string)), 1);
  assert.is(await value(defineKernel('two', text as string)), 2);
  assert.is(await value(defineKernel('one', text.replace('1.0', '3.0') as string)), 3);
});

test.run();
