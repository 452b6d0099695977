import { interleave, timingOf } from '../../src/bench/timing.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench timing');

test('a timing is the median and half of the middle half', () => {
  assert.equal(timingOf([5, 1, 3, 2, 4], 9), { median: 3, spread: 1, samples: 5, first: 9 });
});

test('runs take turns, forwards and backwards', async () => {
  const order: string[] = [];
  const run = (name: string) => async () => {
    order.push(name);
    await new Promise((done) => setTimeout(done, 30));
  };
  await interleave([run('a'), run('b')], { rounds: 2, budget: Number.POSITIVE_INFINITY });
  // Each twice to begin with.
  assert.is(order.join(''), 'aabbabba');
});

test.run();
