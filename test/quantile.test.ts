import { median, quantile } from '../src/quantile.ts';
import { assert, suite } from './harness.ts';

const test = suite('quantile');

// numpy.quantile's values.
test('interpolates between neighbours, of values in any order', () => {
  const values = [7, 1, 4, 10];
  assert.equal(
    [0, 0.25, 0.5, 0.75, 1].map((part) => quantile(values, part)),
    [1, 3.25, 5.5, 7.75, 10],
  );
  assert.equal(values, [7, 1, 4, 10]);
});

test('the median of an odd count is the middle one, of an even one the mean of two', () => {
  assert.is(median([3, 1, 20]), 3);
  assert.is(median(Float32Array.of(3, 1, 20, -100)), 2);
  assert.ok(Number.isNaN(median([])));
});

test.run();
