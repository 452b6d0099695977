import { evaluate, record } from '../../src/conformance/evaluate.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { add, relu } from '../../src/ops/elementwise.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { linear } from '../../src/ops/linear.ts';
import { createArena } from '../../src/tape/parameter.ts';
import { createTape, type Tape } from '../../src/tape/tape.ts';
import type { Tensor } from '../../src/tape/tensor.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('tape');

test('only what lies between the output and what is trained is differentiated', async () => {
  const { target } = await testDevice();
  const arena = createArena();
  const [frozen, trained] = [
    arena.add('frozen', [4], new Float32Array(4)),
    arena.add('trained', [4], new Float32Array(4)),
  ];
  frozen.requiresGrad = false;
  const tape = createTape(target);
  const side = relu(tape, frozen);
  const unused = relu(tape, trained);
  const output = relu(tape, add(tape, side, trained));
  assert.is(side.requiresGrad, false);
  assert.is(unused.requiresGrad, true);
  const before = tape.dispatches.length;
  const found = gradients(tape, output);
  assert.equal(
    [...found.keys()].map(({ label }) => label),
    ['trained'],
  );
  // One for the outer ReLU and one copy into the parameter's place: nothing for the frozen and the unused branch.
  assert.is(tape.dispatches.length - before, 2);
});

test('a parameter used twice has the sum of both gradients in its place', async () => {
  const device = await testDevice();
  const arena = createArena();
  const w = arena.add('w', [3], Float32Array.from([1, -2, 3]));
  const tape = createTape(device.target);
  tape.output('y', add(tape, relu(tape, w), w));
  gradients(tape, tape.outputs.get('y')!);
  const program = await compile(device, tape);
  const { y } = await program.run({}, ['y']).read();
  assert.equal([...y], [2, -2, 6]);
  assert.equal([...(await device.read(w.gradient))], [2, 1, 2]);
});

test('a second gradient is added by the kernel that computes it, unless the first one has another reader', async () => {
  const device = await testDevice();
  const weight = { shape: [2, 2], data: Float32Array.from([1, 2, 3, 4]) };
  const x = { shape: [1, 2], data: Float32Array.from([5, -6]) };
  const upstream = { shape: [1, 2], data: Float32Array.from([1, 10]) };
  // (x · w) + relu(x): the ReLU's gradient is new, so the product is added to it.
  const own = (tape: Tape, { x, weight }: Record<string, Tensor>) => ({
    y: add(tape, linear(tape, x!, weight!), relu(tape, x!)),
  });
  // (x · w) + x: the gradient that arrives at the product is also the first part of x's.
  const shared = (tape: Tape, { x, weight }: Record<string, Tensor>) => ({
    y: add(tape, linear(tape, x!, weight!), x!),
  });
  for (const [build, wanted, sums] of [
    [own, [22, 43], 0],
    [shared, [22, 53], 1],
  ] as const) {
    const options = { upstream, wrt: ['x'] };
    const { gradients } = await evaluate(device, build, { x, weight }, options);
    assert.equal([...gradients.x!.data], wanted);
    const { tape } = record(device.target, build, { x, weight }, options);
    const labels = tape.dispatches.slice(tape.dispatches.findIndex(({ label }) => label.includes('grad')));
    assert.is(labels.filter(({ kernel }) => /add|accumulate/.test(kernel.name)).length, sums);
  }
});

test('a tape for evaluation records nothing to differentiate', async () => {
  const { target } = await testDevice();
  const arena = createArena();
  const tape = createTape(target, { grad: false });
  const y = relu(tape, arena.add('w', [3], new Float32Array(3)));
  assert.is(tape.records.length, 0);
  assert.throws(() => gradients(tape, y), /depends on nothing that requires a gradient/);
});

test('a gradient of a wrong shape is refused with op, input and both shapes', async () => {
  const { target } = await testDevice();
  const tape = createTape(target);
  const x = tape.input('x', [2, 3], 'f32', { requiresGrad: true });
  const y = tape.record('twist', { x }, tape.empty([2, 3], 'twist'), () => ({ x: () => tape.empty([3, 2], 'wrong') }));
  assert.throws(
    () => gradients(tape, y),
    /Error in the gradient of op twist: for its input 'x' it has shape \[3, 2\], which does not match the input's \[2, 3\]\./,
  );
});

test('an op without a gradient says so', async () => {
  const { target } = await testDevice();
  const tape = createTape(target);
  const x = tape.input('x', [2], 'f32', { requiresGrad: true });
  const y = tape.record('opaque', { x }, tape.empty([2], 'opaque'), () => ({}));
  assert.throws(() => gradients(tape, y), /The op opaque has no gradient for its input 'x'\./);
});

test('an upstream gradient of another shape is refused', async () => {
  const x = { shape: [4], data: new Float32Array(4) };
  const upstream = { shape: [5], data: new Float32Array(5) };
  const device = await testDevice();
  let text = '';
  await evaluate(device, (tape, { x }) => ({ y: relu(tape, x!) }), { x }, { upstream }).catch((error: Error) => {
    text = error.message;
  });
  assert.is(text, 'The upstream gradient has shape [5], but relu has [4].');
});
