import type { Device } from '../../src/gpu/device.ts';
import { compile, type Program } from '../../src/gpu/program/program.ts';
import { createScratch } from '../../src/gpu/scratch.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { createTape } from '../../src/tape/tape.ts';
import { newDevice, testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('memory of programs');

const KIB = 1024;

/** A chain of three ops on so many numbers: two temporaries of their size. */
async function chain(device: Device, length: number): Promise<Program> {
  const tape = createTape(device.target);
  tape.output('y', relu(tape, relu(tape, relu(tape, tape.input('x', [length])))));
  return compile(device, tape);
}

const filled = (length: number, value: number) => ({ x: new Float32Array(length).fill(value) });

const ORDERS: readonly [name: string, lengths: readonly number[]][] = [
  ['rising', [1, 2, 3, 4, 5, 6, 7, 8]],
  ['falling', [8, 7, 6, 5, 4, 3, 2, 1]],
  ['mixed', [3, 8, 1, 5, 8, 2, 7, 4]],
];

for (const [name, lengths] of ORDERS)
  test(`programs of ${name} size hold what the largest needs, and compute what they should in turns`, async () => {
    const device = await newDevice();
    const programs: Program[] = [];
    const check = async (program: Program, index: number) => {
      const length = (lengths[index] as number) * KIB;
      const { y } = await program.run(filled(length, index + 1), ['y']).read();
      assert.equal([y.length, new Set(y)], [length, new Set([index + 1])]);
    };
    for (const [index, length] of lengths.entries()) {
      const program = await chain(device, length * KIB);
      programs.push(program);
      // Runs of programs that have been given other memory meanwhile.
      await check(program, index);
      await check(programs[0] as Program, 0);
    }
    assert.is(device.scratch.bytes, 2 * 4 * 8 * KIB);
    for (const round of [programs, [...programs].reverse()])
      for (const program of round) await check(program, programs.indexOf(program));
    await device.idle();
    device.destroy();
  });

test('what is in flight when memory is exchanged still computes what it should', async () => {
  const device = await newDevice();
  const small = await chain(device, 64 * KIB);
  const runs = [1, 2, 3].map((value) => small.run(filled(64 * KIB, value), ['y']));
  const large = await chain(device, 128 * KIB);
  const last = large.run(filled(128 * KIB, 4), ['y']);
  for (const [index, run] of runs.entries()) assert.equal(new Set((await run.read()).y), new Set([index + 1]));
  assert.equal(new Set((await last.read()).y), new Set([4]));
  device.destroy();
});

test('a destroyed program gives its memory back, and says that it was destroyed', async () => {
  const device = await newDevice();
  const [small, large] = [await chain(device, KIB), await chain(device, 4 * KIB)];
  const run = large.run(filled(4 * KIB, 3), ['y']);
  large.destroy();
  large.destroy();
  assert.equal(new Set((await run.read()).y), new Set([3]));
  assert.equal(new Set((await small.run(filled(KIB, 2), ['y']).read()).y), new Set([2]));
  assert.is(device.scratch.bytes, 2 * 4 * KIB);
  const why = 'The program was destroyed: compile its tape again to run it.';
  assert.throws(
    () => large.run(filled(4 * KIB, 1)),
    ({ message }: Error) => message === why,
  );
  const { message } = await large.profile(filled(4 * KIB, 1)).then(
    () => new Error('It should have thrown.'),
    (error: Error) => error,
  );
  assert.is(message, why);
  small.destroy();
  assert.is(device.scratch.bytes, 0);
  device.destroy();
});

test('buffers are as large as any reservation needs, each for its own rank, and the same until that changes', async () => {
  const { gpu } = await testDevice();
  const freed: number[] = [];
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    const buffer = gpu.createBuffer(descriptor);
    const destroy = () => {
      freed.push(buffer.size);
      buffer.destroy();
    };
    return { size: buffer.size, destroy };
  };
  const scratch = createScratch({ createBuffer } as unknown as GPUDevice);
  const sizes = (buffers: readonly GPUBuffer[]) => buffers.map(({ size }) => size);
  const one = scratch.reserve([16, 64, 32]);
  assert.equal(sizes(one.buffers()), [16, 64, 32]);
  assert.is(one.buffers(), one.buffers());
  const before = one.buffers();
  const two = scratch.reserve([128, 48]);
  assert.equal(sizes(two.buffers()), [128, 48]);
  assert.equal(sizes(one.buffers()), [16, 128, 48]);
  assert.is(one.buffers()[0], before[0]);
  assert.is(scratch.bytes, 16 + 128 + 48);
  assert.equal(freed, [64, 32]);
  two.release();
  assert.equal(sizes(one.buffers()), [16, 64, 32]);
  assert.equal(freed.splice(0), [64, 32, 128, 48]);
  one.release();
  assert.equal([scratch.bytes, freed], [0, [64, 32, 16]]);
  assert.equal(scratch.reserve([]).buffers(), []);
});
