import { compareRuns, inWords, medianInterval } from '../../src/bench/comparison.ts';
import { assert, suite } from '../harness.ts';

const test = suite('comparison of two runs');

const firsts = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

test('the interval of a median has the ranks of the binomial table', () => {
  // Lower ranks of a two-sided 95 % interval, from tables of the sign test.
  for (const [n, rank] of [
    [6, 1],
    [8, 1],
    [9, 2],
    [11, 2],
    [12, 3],
    [15, 4],
    [20, 6],
    [25, 8],
  ] as const) {
    const { ratio, low, high } = medianInterval(firsts(n).reverse());
    assert.equal([ratio, low, high], [(n + 1) / 2, rank, n + 1 - rank], `${n} samples`);
  }
});

test('words follow the interval: only what excludes 1 is a difference', () => {
  const times = { before: 10, after: 9 };
  assert.is(inWords({ ...times, ratio: 0.93, low: 0.92, high: 0.94 }), 'faster by 7.0 ± 1.0 %');
  assert.is(inWords({ ...times, ratio: 1.5, low: 1.1, high: 1.9 }), 'slower by 50.0 ± 40.0 %');
  assert.is(inWords({ ...times, ratio: 0.93, low: 0.8, high: 1.01 }), 'no difference shown (−7.0 ± 10.5 %)');
  assert.is(inWords({ ...times, ratio: 1.001, low: 0.99, high: 1.02 }), 'no difference shown (+0.1 ± 1.5 %)');
});

test('pairs take turns in either order, the first execution is not counted, and a slow pair ends early', async () => {
  const seen: string[] = [];
  let now = 0;
  const clock = performance.now;
  performance.now = () => now;
  const takes = (name: string, milliseconds: number) => async (times: number) => {
    // The first execution of each takes ten times as long.
    now += times * milliseconds * (seen.includes(name) ? 1 : 10);
    seen.push(name);
  };
  try {
    const compared = await compareRuns(takes('a', 40), takes('b', 50), { rounds: 20, budget: 100 });
    assert.equal([compared.before, compared.after, compared.ratio], [40, 50, 1.25]);
  } finally {
    performance.now = clock;
  }
  assert.is(seen.join(''), `aba${'abba'.repeat(3)}`);
});

test.run();
