import { argsort } from '../../src/ops/argsort.ts';
import { permuteRows, restoreRows, sliceRows } from '../../src/ops/gather.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { checkReference, noise, type Subject } from './against.ts';

const test = suite('gather');

const permute: Subject = {
  op: 'permute_rows',
  constant: ['keys'],
  build:
    ({ count }) =>
    (tape, { x, keys }) => ({ y: permuteRows(tape, x!, argsort(tape, keys!), count as number | undefined) }),
};
const restore: Subject = {
  op: 'restore_rows',
  constant: ['keys'],
  build:
    () =>
    (tape, { x, keys, fill }) => ({ y: restoreRows(tape, x!, argsort(tape, keys!), fill) }),
};
const slice: Subject = {
  op: 'slice_rows',
  build:
    ({ first, count }) =>
    (tape, { x }) => ({ y: sliceRows(tape, x!, first as number, count as number) }),
};

// Columns that are no multiple of 4, and more rows and columns than lanes of a workgroup.
for (const [batches, n, columns] of [
  [3, 11, 7],
  [2, 70, 140],
] as const) {
  const keys = noise([batches, n], 2);
  const size = `${batches} × ${n} × ${columns}`;
  test(`permuting ${size}`, () => checkReference(permute, {}, { x: noise([batches, n, columns], 1), keys }));
  test(`keeping some of ${size}`, () =>
    checkReference(permute, { count: 5 }, { x: noise([batches, n, columns], 1), keys }));
  test(`restoring ${size}`, () =>
    checkReference(restore, {}, { x: noise([batches, 5, columns], 1), keys, fill: noise([columns], 3) }));
  test(`a stretch of ${size}`, () =>
    checkReference(slice, { first: 4, count: 6 }, { x: noise([n, batches, columns], 1) }));
}

test('equal keys keep their order', () =>
  checkReference(
    permute,
    {},
    { x: noise([1, 6, 2], 1), keys: { shape: [1, 6], data: Float32Array.of(1, 0, 1, 0, 1, 0) } },
  ));

test('refuses rows that are not there', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [4, 6, 3]);
  const of = (name: string, shape: number[]) => argsort(tape, tape.input(name, shape));
  assert.throws(() => permuteRows(tape, x, of('a', [4, 5])), /its rows must be the 5 that are permuted/);
  assert.throws(() => permuteRows(tape, x, of('b', [3, 6])), /the permutation is \[3, 6\]/);
  assert.throws(() => restoreRows(tape, x, of('c', [4, 8])), /those left out need a fill/);
  assert.throws(() => sliceRows(tape, x, 2, 3), /it must have the rows 2 to 4/);
});

test.run();
