import { compareRuns, compareTimes, inWords } from '../../src/bench/comparison.ts';
import { assert, suite } from '../harness.ts';

const test = suite('comparison of two ways');

test('the interval leaves out as many pairs as the table of Mann and Whitney allows', () => {
  // Critical values of U at 5 %, two-sided, from published tables; a value of -1 is "none".
  for (const [n, critical] of Object.entries({ 3: -1, 4: 0, 5: 2, 6: 5, 7: 8, 8: 13 })) {
    // Powers of primes far apart, so that all pairs' ratios differ.
    const before = Array.from({ length: Number(n) }, (_, i) => 1.01 ** i);
    const after = Array.from({ length: Number(n) }, (_, i) => 1.0007 ** (i * 11));
    const ratios = after.flatMap((one) => before.map((other) => one / other)).sort((a, b) => a - b);
    const { low, high } = compareTimes(before, after);
    const drop = Math.max(critical, 0);
    assert.equal([low, high], [ratios[drop], ratios.at(-1 - drop)], `${n} copies`);
  }
});

test('the ratio is the median of all pairs', () => {
  const { before, after, ratio } = compareTimes([1, 2, 4, 8], [3, 6, 12, 24]);
  assert.equal([before, after, ratio], [3, 9, 3]);
});

test('words follow the interval: only what excludes 1, and by a hundredth or more, is a difference', () => {
  const times = { before: 10, after: 9 };
  assert.is(inWords({ ...times, ratio: 0.93, low: 0.92, high: 0.94 }), 'faster by 7.0 % (6.0 to 8.0)');
  assert.is(inWords({ ...times, ratio: 1.5, low: 1.1, high: 1.9 }), 'slower by 50.0 % (10.0 to 90.0)');
  assert.is(inWords({ ...times, ratio: 0.93, low: 0.8, high: 1.01 }), 'no difference shown (−7.0 %, −20.0 to +1.0)');
  assert.is(inWords({ ...times, ratio: 1.001, low: 0.99, high: 1.02 }), 'no difference shown (+0.1 %, −1.0 to +2.0)');
  assert.is(inWords({ ...times, ratio: 1.008, low: 1.001, high: 1.18 }), 'no difference shown (+0.8 %, +0.1 to +18.0)');
  assert.is(inWords({ ...times, ratio: 0.993, low: 0.99, high: 0.999 }), 'no difference shown (−0.7 %, −1.0 to −0.1)');
});

test('two ways whose copies overlap show no difference, those whose copies do not show one', () => {
  // Two places for the code, one of them a tenth slower, as a driver takes them by chance.
  assert.match(inWords(compareTimes([10, 11, 10, 11], [11, 11, 10, 11])), /^no difference shown/);
  assert.match(inWords(compareTimes([10, 11, 10, 11], [12, 13.2, 12, 13.2])), /^slower by 20\.0/);
});

test('copies take turns in either order, the first execution is not counted, and slow ones end early', async () => {
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
    const options = { rounds: 20, budget: 300 };
    const compared = await compareRuns([takes('a', 40), takes('b', 42)], [takes('c', 50)], options);
    assert.equal([compared.before, compared.after], [41, 50]);
  } finally {
    performance.now = clock;
  }
  // Each once for memory and caches, and once more, which is a sample already; then until each has three. Both ways are mixed.
  assert.is(seen.join(''), 'aaccbb' + 'acb' + 'bca');
});

test.run();
