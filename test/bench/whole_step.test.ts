import { compareSteps, keepIfFaster } from '../../src/bench/whole_step.ts';
import type { Tuned } from '../../src/gpu/tune/tune.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('tuned steps');

const tuned: Tuned[] = ['one', 'two'].map((name) => ({
  ...{ key: `matmul ${name}`, plain: 'plain', plainTime: 2, best: `best of ${name}`, bestTime: 1, leftOut: 0 },
}));

for (const [name, low, high, isKept] of [
  ['a step that is faster', 0.7, 0.99, true],
  ['a step that may be as fast as before', 0.7, 1, false],
  ['a step that is slower', 1.1, 1.2, false],
  ['a step that could not be timed', Number.NaN, Number.NaN, false],
] as const)
  test(`choices are ${isKept ? '' : 'not '}kept for ${name}`, async () => {
    const device = { ...(await testDevice()), measured: new Map([['matmul three', 'other']]) };
    for (const { key, best } of tuned) device.measured.set(key, best);
    assert.is(
      keepIfFaster(device, tuned, { before: 1, after: 1, spread: { before: 0, after: 0 }, ratio: 0.9, low, high }),
      isKept,
    );
    // What is not kept is known to be no better, and need not be measured again.
    assert.equal(Object.fromEntries(device.measured), {
      'matmul three': 'other',
      'matmul one': isKept ? 'best of one' : 'plain',
      'matmul two': isKept ? 'best of two' : 'plain',
    });
  });

test('the whole step is timed with the plain choices and with the tuned ones, whatever is measured already', async () => {
  const device = await testDevice();
  const measured = new Map<string, string>();
  const own = { ...device, measured, target: { ...device.target, measured } };
  const kernels: string[] = [];
  let key = '';
  const step = (ways: Map<string, string>) =>
    compareSteps(
      own,
      (choose) => {
        const tape = createTape(own.target, {
          candidates: (op, problem, all, at) => {
            key = `${op} ${problem}`;
            return choose(op, problem, all, at);
          },
        });
        tape.output('y', matmul(tape, tape.input('a', [96, 64]), tape.input('b', [64, 128])));
        kernels.push(tape.dispatches.map(({ kernel }) => kernel.name).join());
        return tape;
      },
      [...ways].map(([name, best]) => ({ ...tuned[0]!, key, plain: name, best })),
    );
  await step(new Map());
  kernels.length = 0;
  measured.set(key, 'naive');
  const { ratio } = await step(new Map([['register', 'naive']]));
  assert.equal(kernels, ['matmul/register', 'matmul/naive']);
  assert.ok(ratio > 0);
});

test.run();
