import { relu } from '../../src/ops/elementwise.ts';
import { assert, suite } from '../harness.ts';
import { checkReference, noise, type Subject } from './against.ts';

const test = suite('checks against the float64 reference');

const failure = (subject: Subject) =>
  checkReference(subject, {}, { x: noise([2, 3]) }, { structures: ['cpu'] }).then(
    () => 'none',
    (error: Error) => error.message,
  );

test('what an op gives is held to the reference, and so is that it gives it', async () => {
  assert.is(
    await failure({
      op: 'relu',
      build:
        () =>
        (tape, { x }) => ({ y: relu(tape, x!) }),
    }),
    'none',
  );
  assert.match(
    await failure({
      op: 'gelu',
      build:
        () =>
        (tape, { x }) => ({ y: relu(tape, x!) }),
    }),
    /output\.y .* is off/,
  );
  assert.is(
    await failure({
      op: 'relu',
      build:
        () =>
        (tape, { x }) => ({ z: relu(tape, x!) }),
    }),
    'there is no output.y (cpu)',
  );
});

test('a gradient that is missing is noticed', async () => {
  const subject: Subject = {
    op: 'add',
    build:
      () =>
      (tape, { a }) => ({ y: relu(tape, a!) }),
  };
  const inputs = { a: noise([4], 1, 9), b: { shape: [4], data: new Float32Array(4) } };
  const thrown = await checkReference(subject, {}, inputs, { structures: ['cpu'] }).catch(
    (error: Error) => error.message,
  );
  assert.is(thrown, 'there is no grad.b (cpu)');
});

test.run();
