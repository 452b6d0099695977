import type { Device } from '../../src/gpu/device.ts';
import { compile, type Program } from '../../src/gpu/program/program.ts';
import { add, relu } from '../../src/ops/elementwise.ts';
import { createTape } from '../../src/tape/tape.ts';
import { type DType, variable } from '../../src/tape/tensor.ts';
import { testDevice } from '../device.ts';
import { assert, skip, suite } from '../harness.ts';

const test = suite('what goes into a device and comes out');

const thrown = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert.instance(error, Error);
    return (error as Error).message;
  }
  throw new Error('It should have thrown.');
};

async function reluOf(device: Device, length: number): Promise<Program> {
  const tape = createTape(device.target);
  tape.output('y', relu(tape, tape.input('x', [length])));
  return compile(device, tape);
}

test('results read again are the same, and later runs have their own', async () => {
  const program = await reluOf(await testDevice(), 1);
  const run = (value: number) => program.run({ x: Float32Array.of(value) }, ['y']);
  const first = run(5);
  assert.equal([...(await first.read()).y], [5]);
  assert.equal([...(await first.read()).y], [5]);
  const [ten, twenty] = [run(10), run(20)];
  assert.equal([...(await ten.read()).y], [10]);
  assert.equal([...(await twenty.read()).y], [20]);
  assert.equal([...(await first.read()).y], [5]);
  const both = run(30);
  const [one, other] = await Promise.all([both.read(), both.read()]);
  assert.equal([...one.y, ...other.y], [30, 30]);
});

const ARRAYS = {
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
} as const;

/** What stands for nine elements of no tensor's type. */
const OTHERS: readonly unknown[] = [
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  new ArrayBuffer(36),
  new DataView(new ArrayBuffer(36)),
  '123456789',
  9,
  undefined,
  new Float64Array(9),
  new Int16Array(9),
  new BigInt64Array(9),
];

for (const dtype of Object.keys(ARRAYS) as DType[])
  test(`an input of ${dtype} takes exactly its elements in an array of its own type`, async () => {
    const device = await testDevice();
    const tensor = variable('x', [9], dtype);
    const own = ARRAYS[dtype];
    device.write(tensor, new own([0, 1, 2, 3, 4, 5, 6, 7, 8]));
    const refused = (data: unknown, why: RegExp) => {
      assert.match(
        thrown(() => device.write(tensor, data as ArrayBufferView)),
        why,
      );
    };
    const sentence = new RegExp(`^x \\[9\\] takes 9 elements of ${dtype} in a ${own.name}, but was given a \\w+\\.$`);
    for (const data of OTHERS) refused(data, sentence);
    for (const array of Object.values(ARRAYS)) if (array !== own) refused(new array(9), sentence);
    for (const length of [0, 5, 8, 10, 12]) refused(new own(length), new RegExp(`but was given ${length}\\.$`));
    assert.equal([...(await device.read(tensor))], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

test('memory that threads share is copied', async () => {
  if (typeof SharedArrayBuffer === 'undefined') skip('this page is not isolated, so that threads share no memory');
  const device = await testDevice();
  const program = await reluOf(device, 5);
  const x = new Float32Array(new SharedArrayBuffer(20));
  x.set([1, -2, 3, -4, 5]);
  assert.equal([...(await program.run({ x }, ['y']).read()).y], [1, 0, 3, 0, 5]);
});

test('a part of a larger array is taken from where it begins', async () => {
  const program = await reluOf(await testDevice(), 3);
  const x = Float32Array.of(9, 9, 1, -2, 3, 9).subarray(2, 5);
  assert.equal([...(await program.run({ x }, ['y']).read()).y], [1, 0, 3]);
});

test('an input that was never given is an error; one that a program does not use need not be', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  tape.input('unused', [4]);
  tape.output('y', relu(tape, tape.input('x', [3])));
  const program = await compile(device, tape);
  assert.is(
    thrown(() => program.run({}, ['y'])),
    'The program was never given its input x.',
  );
  const x = Float32Array.of(1, 2, 3);
  assert.equal([...(await program.run({ x }, ['y']).read()).y], [1, 2, 3]);
  assert.equal([...(await program.run({}, ['y']).read()).y], [1, 2, 3]);
});

test('a run that is refused writes nothing and takes no memory to read back', async () => {
  const device = await testDevice();
  let staged = 0;
  const own: Device = {
    ...device,
    stage(bytes) {
      staged += 1;
      return device.stage(bytes);
    },
  };
  const tape = createTape(device.target);
  const x = tape.input('x', [2]);
  const y = tape.input('y', [2]);
  tape.output('sum', add(tape, relu(tape, x), relu(tape, y)));
  const program = await compile(own, tape);
  const one = Float32Array.of(1, 1);
  const rows: [inputs: Record<string, Float32Array>, outputs: string[], message: RegExp][] = [
    [{ x: one }, ['sum'], /never given its input y/],
    [{ x: one, y: new Float32Array(3) }, ['sum'], /y \[2\] takes 2 elements/],
    [{ x: one, y: one, z: one }, ['sum'], /no input named z/],
    [{ x: one, y: one }, ['sum', 'product'], /no output named product/],
  ];
  for (const [inputs, outputs, why] of rows)
    assert.match(
      thrown(() => program.run(inputs, outputs)),
      why,
    );
  assert.equal([staged, device.isWritten(x), device.isWritten(y)], [0, false, false]);
  assert.equal([...(await program.run({ x: one, y: one }, ['sum']).read()).sum], [2, 2]);
  assert.is(staged, 1);
});

test('reading nothing waits for the run all the same', async () => {
  const device = await testDevice();
  const program = await reluOf(device, 2 ** 20);
  const run = program.run({ x: new Float32Array(2 ** 20) });
  let isDone = false;
  const done = device.gpu.queue.onSubmittedWorkDone().then(() => {
    isDone = true;
  });
  assert.equal(await run.read(), {});
  assert.ok(isDone);
  await done;
});

for (const clock of ['timestamps', 'wall clock'])
  test(`a profile by ${clock} beside other runs has its own results, and leaves them theirs`, async () => {
    const device = await testDevice();
    const { features } = device.target;
    if (clock === 'timestamps' && !features.has('timestamp-query')) skip(`${device.target.name} has no timestamps`);
    const without = new Set([...features].filter((name) => clock === 'timestamps' || name !== 'timestamp-query'));
    const own = { ...device, target: { ...device.target, features: without } };
    const twice = async () => {
      const tape = createTape(own.target);
      tape.output('y', relu(tape, relu(tape, tape.input('x', [4096]))));
      return compile(own, tape);
    };
    // Both take their temporaries from the same memory.
    const [program, other] = [await twice(), await twice()];
    const filled = (value: number) => ({ x: new Float32Array(4096).fill(value) });
    const profiled = program.profile(filled(1), ['y']);
    const runs = [2, 3, 4].map((value) => other.run(filled(value), ['y']));
    if (clock === 'wall clock')
      assert.match(
        thrown(() => program.run(filled(9))),
        /is being profiled/,
      );
    const result = await profiled;
    runs.push(other.run(filled(5), ['y']), program.run(filled(6), ['y']));
    assert.is(result.clock, clock);
    assert.equal([...new Set((await result.read()).y)], [1]);
    for (const [index, run] of runs.entries()) assert.equal([...new Set((await run.read()).y)], [index + 2]);
  });

test.run();
