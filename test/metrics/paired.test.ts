import { isBeyondChance, pairedDifference } from '../../src/metrics/paired.ts';
import { assert, suite } from '../harness.ts';

const test = suite('paired differences');

test('the interval of additional hours of sleep is that of R for the data of Student (1908)', () => {
  // R's t.test(extra ~ group, data = sleep, paired = TRUE), data of Cushny and Peebles: 0.7001142 to 2.4598858.
  const hours = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
  const { mean, pairs, interval } = pairedDifference(hours)!;
  assert.is(mean.toFixed(2), '1.58');
  assert.is(pairs, 10);
  assert.equal(
    interval!.map((end) => end.toFixed(3)),
    ['0.700', '2.460'],
  );
});

test('beyond chance is what has an interval on one side of 0; one pair does not tell, and none is no difference', () => {
  assert.is(isBeyondChance(pairedDifference([2, 2.5, 3])!), true);
  assert.is(isBeyondChance(pairedDifference([-2, -2.5, -3])!), true);
  assert.is(isBeyondChance(pairedDifference([0.5, 1, 1.5])!), false);
  const [low, high] = pairedDifference([0.5, 1, 1.5])!.interval!;
  // 1 ∓ 4.303 · 0.5 / √3, by hand.
  assert.equal([low.toFixed(3), high.toFixed(3)], ['-0.242', '2.242']);
  assert.is(isBeyondChance(pairedDifference([3])!), undefined);
  assert.is(pairedDifference([]), undefined);
});

test.run();
