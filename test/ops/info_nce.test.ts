import { compile } from '../../src/gpu/program/program.ts';
import { enqueue, infoNce } from '../../src/ops/info_nce.ts';
import { l2Normalize } from '../../src/ops/l2_normalize.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { checkReference, noise, type Subject } from './against.ts';

const test = suite('info_nce');

const subject: Subject = {
  op: 'info_nce',
  layouts: { queue: 'linear_weight' },
  constant: ['k', 'queue'],
  build:
    ({ temperature, strip_keys }) =>
    (tape, { q, k, queue }) => ({
      y: infoNce(tape, l2Normalize(tape, q!), l2Normalize(tape, k!), queue!, {
        temperature: temperature as number,
        ...(typeof strip_keys === 'number' && { strip_keys }),
      }),
    }),
};

// One strip, and several of which the last is shorter; far apart similarities at a low temperature.
for (const [n, d, length, temperature, strip_keys] of [
  [9, 12, 40, 0.2, undefined],
  [6, 7, 45, 0.07, 16],
  [20, 16, 33, 0.05, 4],
] as const)
  test(`${n} queries, ${length} keys, temperature ${temperature}${strip_keys ? `, strips of ${strip_keys}` : ''}`, () =>
    checkReference(
      subject,
      { temperature, ...(strip_keys && { strip_keys }) },
      { q: noise([n, d], 1), k: noise([n, d], 2), queue: noise([d, length], 3, 0, d ** -0.5) },
      { atol: 1e-5 },
    ));

test('the oldest keys are replaced, round the end of the queue', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  const queue = tape.input('queue', [5, 3]);
  const queue_ptr = tape.input('queue_ptr', [1], 'i32');
  enqueue(tape, { queue, queue_ptr }, tape.input('keys', [3, 3]));
  tape.output('queue', queue);
  tape.output('queue_ptr', queue_ptr);
  const program = await compile(device, tape);
  program.run({ queue: new Float32Array(15), queue_ptr: Int32Array.of(4), keys: new Float32Array(9).fill(1) });
  const read = await program.run({ keys: new Float32Array(9).fill(2) }, ['queue', 'queue_ptr']).read();
  assert.equal(
    [...read.queue].filter((_, i) => i % 3 === 0),
    [1, 1, 2, 2, 2],
  );
  assert.equal([...read.queue_ptr], [0]);
});

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const input = (name: string, shape: number[]) => tape.input(name, shape);
  const [v, u, queue] = [input('v', [4, 8]), input('u', [4, 8]), input('queue', [6, 8])];
  assert.throws(() => infoNce(tape, v, input('a', [3, 8]), queue, { temperature: 1 }), /u has shape \[3, 8\]/);
  assert.throws(() => infoNce(tape, v, u, input('b', [6, 7]), { temperature: 1 }), /it must be \[length, 8\]/);
  assert.throws(() => infoNce(tape, v, u, queue, { temperature: 0 }), /temperature/);
  const queue_ptr = tape.input('ptr', [1], 'i32');
  assert.throws(() => enqueue(tape, { queue, queue_ptr }, input('c', [7, 8])), /the queue holds 6 keys of 8 features/);
});

test.run();
