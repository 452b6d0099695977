import { conformanceOps } from '../../src/conformance/ops.ts';
import { selfAttention } from '../../src/ops/self_attention.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { checkReference, noise, type Subject } from './against.ts';

const test = suite('self_attention');

const subject: Subject = {
  op: 'self_attention',
  build: (attrs) => (tape, tensors) => conformanceOps.self_attention!.build(tape, tensors, attrs),
};

const inputs = (shape: number[], deviation = 1) => ({ qkv: noise(shape, 1, 0.2, deviation) });

// The candidate for GPUs runs in the same way on any adapter.
for (const candidate of ['tile', 'products']) {
  for (const [shape, heads] of [
    [[2, 3, 24], 2],
    // A tile of 32 and one row more; a head that fills what invocations hold.
    [[1, 33, 192], 1],
  ] as const)
    test(`against float64: [${shape}] in ${heads} heads, ${candidate}`, () =>
      checkReference(subject, { heads, scale: 0.3 }, inputs([...shape]), {
        ...{ candidate, positions: 40, structures: ['cpu'] },
      }));
  test(`sharp softmax, ${candidate}`, () =>
    checkReference(subject, { heads: 1, scale: 1 }, inputs([1, 7, 12], 6), {
      ...{ candidate, rtol: 1e-3, structures: ['cpu'] },
    }));
}

test('refuses rows that cannot be cut into q, k and v of that many heads', async () => {
  const tape = createTape((await testDevice()).target);
  const qkv = tape.input('qkv', [1, 4, 24]);
  assert.throws(
    () => selfAttention(tape, qkv, { heads: 3 }),
    /\[1, 4, 24\], but \[batch, length, 3 · 3 · d\] is needed/,
  );
  assert.throws(() => selfAttention(tape, qkv, { heads: 0 }), /heads is 0, but it must be a whole number/);
});

test.run();
