import { classTable } from '../../src/report/class_table.ts';
import { classShares } from '../../src/report/data.ts';
import { assert, suite } from '../harness.ts';

const test = suite('class table');

const CONFUSION = [
  [9, 1, 0, 0],
  [3, 2, 3, 0],
  [0, 0, 5, 0],
  [0, 0, 0, 0],
];

test('a class has its images, its share of right ones, and what most others were taken for', () => {
  assert.equal(classShares(CONFUSION), [
    { label: 0, images: 10, right: 90, taken: { label: 1, percent: 10 } },
    { label: 1, images: 8, right: 25, taken: { label: 0, percent: 37.5 } },
    { label: 2, images: 5, right: 100 },
    { label: 3, images: 0 },
  ]);
});

test('the least recognised come first, those without images last', () => {
  assert.equal(classTable(['cat', 'hen', 'fish', 'emu'], CONFUSION, '').split('\n'), [
    'Class  images  right (%)  mostly taken for',
    'hen         8       25.0  cat 37.5 %',
    'cat        10       90.0  hen 10.0 %',
    'fish        5      100.0',
    'emu         0          –',
  ]);
});

test('of many classes the first ten are shown, and it says where all are', () => {
  const many = Array.from({ length: 30 }, (_, row) => Array.from({ length: 30 }, (_, c) => (c === row ? 30 - row : 1)));
  const lines = classTable(
    many.map((_, i) => `c${i}`),
    many,
    'report.html',
  ).split('\n');
  assert.is(lines.length, 12);
  assert.match(lines[1]!, /^c29 /);
  assert.is(lines.at(-1), '… and 20 classes more: report.html');
});

test.run();
