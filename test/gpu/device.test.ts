import type { Device } from '../../src/gpu/device.ts';
import { defineKernel } from '../../src/gpu/kernel/define.ts';
import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import { packUniforms, specialize } from '../../src/gpu/kernel/kernel.ts';
import { createLibrary } from '../../src/gpu/kernel/library.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { createArena, type Parameter } from '../../src/tape/parameter.ts';
import { createTape } from '../../src/tape/tape.ts';
import { variable, wholeChunk } from '../../src/tape/tensor.ts';
import { newDevice, testDevice } from '../device.ts';
import { assert, skip, suite } from '../harness.ts';

const test = suite('device and program');

const message = async (run: () => unknown): Promise<string> => {
  try {
    await run();
  } catch (error) {
    assert.instance(error, Error);
    return (error as Error).message;
  }
  throw new Error('It should have thrown.');
};

test('lasting tensors keep their contents; bytes need not fill words', async () => {
  const device = await testDevice();
  const bytes = variable('bytes', [5], 'u8', Uint8Array.from([1, 2, 3, 4, 5]));
  assert.equal([...(await device.read(bytes))], [1, 2, 3, 4, 5]);
  device.write(bytes, Uint8Array.from([9, 8, 7, 6, 255]));
  assert.equal([...(await device.read(bytes))], [9, 8, 7, 6, 255]);
  assert.equal([...(await device.read(variable('zeros', [3])))], [0, 0, 0]);
});

test('a first value that is overwritten before anything reads it is never made; all others are there', async () => {
  const device = await testDevice();
  const arena = createArena();
  const made: string[] = [];
  const add = (name: string) =>
    arena.add(name, [2], () => {
      made.push(name);
      return Float32Array.of(1, 2);
    });
  const [a, b, c] = ['a', 'b', 'c'].map(add) as [Parameter, Parameter, Parameter];
  device.write(b, Float32Array.of(5, 6));
  assert.equal(made, []);
  assert.equal([...(await device.read(a))], [1, 2]);
  assert.equal(made, ['a', 'c']);
  assert.equal([...(await device.read(b)), ...(await device.read(c))], [5, 6, 1, 2]);
  device.write(a, Float32Array.of(7, 8));
  assert.equal([...(await device.read(a)), ...(await device.read(c))], [7, 8, 1, 2]);

  // What covers a part of one, and what covers all.
  const other = createArena();
  other.add('d', [80], () => new Float32Array(80).fill(3));
  other.add('e', [2], () => Float32Array.of(4, 4));
  const whole = wholeChunk(other.chunks[0]!.values);
  device.write({ ...whole, shape: [64] }, new Float32Array(64).fill(9));
  assert.equal([...new Set(await device.read(whole))], [9, 3, 0, 4]);
  const third = createArena();
  third.add('f', [2], () => Float32Array.of(4, 4));
  const all = wholeChunk(third.chunks[0]!.values);
  device.write(all, new Float32Array(64).fill(2));
  assert.equal([...new Set(await device.read(all))], [2]);
});

test('a program runs again with new inputs and reads back without disturbing later runs', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  tape.output('y', relu(tape, tape.input('x', [3])));
  const program = await compile(device, tape);
  const first = program.run({ x: Float32Array.from([-1, 2, -3]) }, ['y']);
  const second = program.run({ x: Float32Array.from([4, -5, 6]) }, ['y']);
  assert.equal([...(await second.read()).y], [4, 0, 6]);
  assert.equal([...(await first.read()).y], [0, 2, 0]);
});

test('unknown inputs and outputs are refused by name', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  tape.output('y', relu(tape, tape.input('x', [3])));
  const program = await compile(device, tape);
  assert.is(
    await message(() => program.run({ z: new Float32Array(3) })),
    'The program has no input named z; it has: x.',
  );
  assert.is(await message(() => program.run({}, ['q'])), 'The program has no output named q; it has: y.');
});

test('a tensor beyond the limits of the adapter is refused in a sentence', async () => {
  const device = await testDevice();
  const target = { ...device.target, limits: { ...device.target.limits, maxStorageBufferBindingSize: 1024 } };
  const tape = createTape(target);
  tape.output('y', relu(tape, tape.input('x', [1000])));
  const text = await message(() => compile({ ...device, target }, tape));
  assert.match(text, /relu: .* \[1000\] needs 0\.00 MiB, but .* binds at most 0\.00 MiB; use a smaller batch\./);
});

test('tunable constants are rewritten by name, uniforms are checked', () => {
  const relu = kernels['elementwise/relu'];
  const { text } = createLibrary().textOf(relu);
  assert.match(specialize(relu, text, { WORKGROUP: 4 }), /const WORKGROUP: u32 = 4u; \/\/ @tune/);
  assert.throws(() => specialize(relu, text, { SPAM: 4 }), /no tunable constant SPAM; it has: WORKGROUP/);
  assert.throws(() => packUniforms(relu, {}), /uniform vec4s is not set/);
  assert.throws(() => packUniforms(relu, { vec4s: -1 }), /uniform vec4s is -1, which does not fit u32/);
});

test('an error that the GPU raises reaches the next call', async () => {
  const device = await testDevice();
  const { STORAGE } = GPUBufferUsage;
  const small = device.gpu.createBuffer({ size: 16, usage: STORAGE });
  const encoder = device.gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(small, 0, small, 0, 4096);
  try {
    device.gpu.queue.submit([encoder.finish()]);
  } catch {
    skip('this runtime throws at once');
  }
  assert.match(await message(() => device.idle()), /^The GPU refused a command: /);
});

test('the time of each dispatch is measured', async () => {
  const device = await testDevice();
  if (!device.target.features.has('timestamp-query')) skip('no timestamps here');
  const tape = createTape(device.target);
  tape.output(
    'y',
    relu(
      tape,
      tape.scope('layer', () => relu(tape, tape.input('x', [100_000]))),
    ),
  );
  const program = await compile(device, tape);
  const { dispatches: infos, clock } = await program.profile({ x: new Float32Array(100_000).fill(1) });
  assert.is(clock, 'timestamps');
  assert.equal(
    infos.map(({ label, kernel }) => [label, kernel]),
    [
      ['layer relu', 'elementwise/relu'],
      ['relu', 'elementwise/relu'],
    ],
  );
  for (const { nanoseconds } of infos) assert.ok(nanoseconds >= 0);
});

const COUNT = defineKernel(
  'count',
  `@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() {
  y[0] += 1.0;
}
`,
);

for (const clock of ['timestamps', 'wall clock'])
  test(`what is too short for the ${clock} is repeated, and leaves what one execution does`, async () => {
    const device = await testDevice();
    const { features } = device.target;
    if (clock === 'timestamps' && !features.has('timestamp-query')) skip('no timestamps here');
    const without = new Set([...features].filter((name) => clock === 'timestamps' || name !== 'timestamp-query'));
    const tape = createTape(device.target);
    const y = variable('y', [1], 'f32', new Float32Array(1));
    for (let i = 0; i < 2; i++)
      tape.dispatch(COUNT, { bindings: { y }, uniforms: {}, workgroups: [1, 1, 1], label: 'count' });
    const program = await compile({ ...device, target: { ...device.target, features: without } }, tape);
    const { dispatches } = await program.profile();
    assert.equal([...(await device.read(y))], [2]);
    for (const { nanoseconds } of dispatches) assert.ok(nanoseconds > 0);
  });

/** What is asked of a device and a program on it; each has to be refused where the device is gone. */
async function requests(device: Device) {
  const tape = createTape(device.target);
  const x = tape.input('x', [3]);
  tape.output('y', relu(tape, x));
  const program = await compile(device, tape);
  const inputs = { x: new Float32Array(3) };
  return {
    run: () => program.run(inputs),
    profile: () => program.profile(inputs),
    compile: () => compile(device, tape),
    write: () => device.write(x, inputs.x),
    read: () => device.read(x),
    idle: () => device.idle(),
    check: () => device.check(),
  };
}

test('a lost device is told in a sentence, each time that something is asked of it', async () => {
  const device = await newDevice();
  const asked = await requests(device);
  device.gpu.destroy();
  await device.gpu.lost;
  for (const round of [1, 2])
    for (const [name, ask] of Object.entries(asked))
      assert.match(
        await message(ask),
        /^The GPU device was lost \(.+\); what was saved so far is intact\.$/,
        `${name}, ${round}`,
      );
});

test('a destroyed device says so, each time that something is asked of it', async () => {
  const device = await newDevice();
  const asked = await requests(device);
  device.destroy();
  for (const round of [1, 2])
    for (const [name, ask] of Object.entries(asked))
      assert.is(await message(ask), 'The device was destroyed: request another one.', `${name}, ${round}`);
});
