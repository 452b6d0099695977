import { calibrationError } from '../../src/metrics/calibration.ts';
import { assert, suite } from '../harness.ts';

const test = suite('calibration');

const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-12, `${got} and not ${want}`);

test('the error is the gap between probability and accuracy, by parts of equal width', () => {
  const confidences = [0.95, 0.85, 0.6, 0.3, 0.35];
  const right = [true, false, true, false, true];
  // Halves: 0.3 and 0.35 with one right, |1 - 0.65| = 0.35; the others with two right, |2 - 2.4| = 0.4.
  near(calibrationError(confidences, right, 2), 0.75 / 5);
  // Of ten parts each has one but that from 0.3: 0.05 + 0.85 + 0.4 + 0.3 + 0.65.
  near(calibrationError(confidences, right, 10), 2.25 / 5);
});

test('an edge belongs to the part below it, and certainty to the last', () => {
  near(calibrationError([0.5, 0.75], [true, false], 2), (0.5 + 0.75) / 2);
  near(calibrationError([1, 1, 0], [true, true, false]), 0);
});

test('without answers there is none', () => {
  assert.throws(() => calibrationError([], []), /0 probabilities are given for 0 answers/);
  assert.throws(() => calibrationError([0.5], []), /1 probabilities are given for 0 answers/);
});

test.run();
