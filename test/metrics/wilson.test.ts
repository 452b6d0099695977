import { wilson } from '../../src/metrics/wilson.ts';
import { assert, suite } from '../harness.ts';

const test = suite('Wilson interval');

// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I.
const PUBLISHED: [counted: number, n: number, low: number, high: number][] = [
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
];
for (const [counted, n, low, high] of PUBLISHED)
  test(`${counted} of ${n}, and the rest of them`, () => {
    const digits = (interval: readonly number[]) => interval.map((end) => Number(end.toFixed(4)));
    assert.equal(digits(wilson(counted / n, n)), [low, high]);
    assert.equal(
      digits(wilson(1 - counted / n, n)),
      [1 - high, 1 - low].map((end) => Number(end.toFixed(4))),
    );
  });

test.run();
