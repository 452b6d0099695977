import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import type { Target } from '../../src/gpu/kernel/target.ts';
import { plan } from '../../src/gpu/program/plan.ts';
import { add, relu } from '../../src/ops/elementwise.ts';
import { createTape } from '../../src/tape/tape.ts';
import { variable } from '../../src/tape/tensor.ts';
import { assert, suite } from '../harness.ts';

const test = suite('plan');

const target: Target = {
  kind: 'gpu',
  name: 'none',
  features: new Set(),
  subgroupSize: 0,
  limits: {
    maxBufferSize: 2 ** 30,
    maxStorageBufferBindingSize: 2 ** 27,
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    minStorageBufferOffsetAlignment: 256,
  },
};

test('a chain of temporaries needs two buffers, however long it is', () => {
  const tape = createTape(target);
  let x = tape.input('x', [1024]);
  for (let i = 0; i < 7; i++) x = relu(tape, x);
  const { dispatches, sizes, unshared, live } = plan(tape.dispatches, [x]);
  assert.is(dispatches.length, 7);
  assert.equal(sizes, [4096, 4096]);
  assert.is(unshared, 7 * 4096);
  assert.is(live, 2 * 4096);
});

test('temporaries that live at the same time never share a buffer', () => {
  const tape = createTape(target);
  const x = tape.input('x', [64]);
  const parts = Array.from({ length: 5 }, () => relu(tape, x));
  const sum = parts.reduce((a, b) => add(tape, a, b));
  const { dispatches, placement } = plan(tape.dispatches, [sum]);
  const lives = new Map<object, [first: number, last: number]>();
  dispatches.forEach(({ bindings }, index) => {
    for (const tensor of Object.values(bindings)) lives.set(tensor, [lives.get(tensor)?.[0] ?? index, index]);
  });
  for (const [a, buffer] of placement)
    for (const [b, other] of placement)
      if (a !== b && buffer === other) {
        const [[firstA, lastA], [firstB, lastB]] = [lives.get(a)!, lives.get(b)!];
        assert.ok(lastA < firstB || lastB < firstA, `${a.label} and ${b.label} overlap`);
      }
});

test('what no output and no lasting tensor needs is dropped', () => {
  const tape = createTape(target);
  const x = tape.input('x', [64]);
  const kept = relu(tape, x);
  relu(tape, relu(tape, x));
  const lasting = variable('lasting', [64]);
  tape.dispatch(kernels['elementwise/accumulate'], {
    bindings: { x: kept, y: lasting },
    uniforms: { vec4s: 16, span: 16 },
    workgroups: [1, 1, 1],
    label: 'accumulate',
  });
  const { dispatches } = plan(tape.dispatches, []);
  assert.equal(
    dispatches.map(({ label }) => label),
    ['relu', 'accumulate'],
  );
});

test('reading what nothing has written is refused by name', () => {
  const tape = createTape(target);
  const y = relu(tape, tape.empty([4], 'forgotten'));
  assert.throws(() => plan(tape.dispatches, [y]), /relu reads forgotten, which nothing has written\./);
});
