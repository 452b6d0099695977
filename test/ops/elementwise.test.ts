import { evaluate, type HostValue } from '../../src/conformance/evaluate.ts';
import { add, relu, scale } from '../../src/ops/elementwise.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('elementwise');

const ramp = (shape: number[], from = -1, step = 0.01): HostValue => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length: count }, (_, i) => from + step * i) };
};

// The largest keeps a lane of either kind of adapter busy for several turns and leaves some vec4s over.
for (const shape of [[1], [5, 77], [3, 4, 5, 5], [70_003]])
  test(`relu and its gradient at [${shape}]`, async () => {
    const x = ramp(shape);
    const upstream = ramp(shape, 2, 0.5);
    const { outputs, gradients } = await evaluate(
      await testDevice(),
      (tape, { x }) => ({ y: relu(tape, x!) }),
      { x },
      { upstream },
    );
    assert.equal(
      [...outputs.y!.data],
      [...x.data].map((v) => Math.max(v, 0)),
    );
    assert.equal(
      [...gradients.x!.data],
      [...upstream.data].map((d, i) => (x.data[i]! > 0 ? d : 0)),
    );
  });

test('a tensor used twice gets the sum of both gradients', async () => {
  const x = ramp([7], 1);
  const upstream = ramp([7]);
  const { outputs, gradients } = await evaluate(
    await testDevice(),
    (tape, { x }) => ({ y: add(tape, x!, add(tape, x!, x!)) }),
    { x },
    { upstream },
  );
  const three = (values: ArrayLike<number>) => Array.from(values, (v) => Math.fround(Math.fround(v + v) + v));
  assert.equal([...outputs.y!.data], three(x.data));
  assert.equal([...gradients.x!.data], three(upstream.data));
});

test('a scaled term of a sum gets its share of the gradient', async () => {
  const [a, b] = [ramp([5]), ramp([5], 3)];
  const upstream = ramp([5], -2, 0.25);
  const { outputs, gradients } = await evaluate(
    await testDevice(),
    (tape, { a, b }) => ({ y: add(tape, a!, scale(tape, b!, 0.5)) }),
    { a, b },
    { upstream },
  );
  assert.equal(
    [...outputs.y!.data],
    [...a.data].map((value, i) => Math.fround(value + 0.5 * b.data[i]!)),
  );
  assert.equal([...gradients.a!.data], [...upstream.data]);
  assert.equal(
    [...gradients.b!.data],
    [...upstream.data].map((value) => 0.5 * value),
  );
});

test('add refuses two shapes', async () => {
  const tape = createTape((await testDevice()).target);
  const [a, b] = [tape.input('a', [2, 3]), tape.input('b', [3, 2])];
  assert.throws(() => add(tape, a, b), /add: b has shape \[3, 2\], but a has \[2, 3\]\./);
});

test.run();
