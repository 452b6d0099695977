import type { Run } from '../../src/report/data.ts';
import { groups } from '../../src/report/data.ts';
import { rank, S_DBW, type Score, TOP1 } from '../../src/report/ranking.ts';
import { assert, suite } from '../harness.ts';
import { madeUp } from './made-up.ts';

const test = suite('ranking');

const [model] = madeUp().runs as [Run];

/** One run a value, seeds from 0. */
const method = (title: string, key: 'top1' | 's_dbw', values: number[]): Run[] =>
  values.map((value, seed) => ({ ...model, title, seed, [key]: value }));

const ranked = (score: Score, tested: number | undefined, ...runs: Run[][]) => {
  const { order, doubt } = rank(groups(runs.flat()), score, tested);
  return [order.map(({ group, shown }) => `${group.label} ${shown}`).join(', '), doubt];
};

test('accuracies whose 95 % intervals meet leave a doubt, however many digits they have', () => {
  const [a, b] = [method('A', 'top1', [84.8]), method('B', 'top1', [85])];
  // Of 2,000 images: 83.2 to 86.3 and 83.4 to 86.5. Of 200,000: 84.6 to 85.0 and 84.8 to 85.2; of two million they part.
  assert.equal(ranked(TOP1, 2000, a, b), ['B 85.00, A 84.80', 'intervals']);
  assert.equal(ranked(TOP1, 200_000, a, b), ['B 85.00, A 84.80', 'intervals']);
  assert.equal(ranked(TOP1, 2_000_000, a, b), ['B 85.00, A 84.80', undefined]);
  assert.equal(ranked(TOP1, 2000, a, method('C', 'top1', [95])), ['C 95.00, A 84.80', undefined]);
});

test('the third may be nearer than the second', () => {
  const three = [method('A', 's_dbw', [0.5, 0.6]), method('B', 's_dbw', [1, 0.55]), method('C', 's_dbw', [0.7, 0.65])];
  assert.equal(ranked(S_DBW, 100, ...three), ['A 0.550, C 0.675, B 0.775', 'seeds']);
});

test('the best has to be so with every seed that both have', () => {
  const better = [method('A', 's_dbw', [0.6, 0.9]), method('B', 's_dbw', [0.5, 0.8])];
  assert.equal(ranked(S_DBW, undefined, ...better), ['B 0.650, A 0.750', undefined]);
  const mixed = [method('A', 's_dbw', [0.6, 0.9]), method('B', 's_dbw', [0.7, 0.7])];
  assert.equal(ranked(S_DBW, undefined, ...mixed), ['B 0.700, A 0.750', 'seeds']);
  // Without a seed in common, each run against each.
  const other = method('B', 's_dbw', [0.55, 0.65]).map((run) => ({ ...run, seed: run.seed + 5 }));
  assert.is(ranked(S_DBW, undefined, method('A', 's_dbw', [0.6, 0.9]), other)[1], 'seeds');
});

test('what shows the same digits is a tie; what is undefined does not take part', () => {
  assert.is(ranked(S_DBW, undefined, method('A', 's_dbw', [0]), method('B', 's_dbw', [1e-5]))[1], 'tie');
  const { s_dbw: _, ...undefinedRun } = { ...model, title: 'C' };
  assert.equal(ranked(S_DBW, undefined, method('A', 's_dbw', [0.5]), [undefinedRun]), ['A 0.500', undefined]);
  assert.equal(rank([], S_DBW, 10), { order: [] });
});

test.run();
