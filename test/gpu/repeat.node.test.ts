import { repeatUntil } from '../../src/gpu/program/repeat.ts';
import { assert, suite } from '../harness.ts';

const test = suite('repeated executions');

/** What `repeatUntil` tries until it has 8 ms, where `milliseconds` tells how long so many executions take. */
async function tried(milliseconds: (times: number) => number) {
  const seen: number[] = [];
  const found = await repeatUntil(async (times) => {
    seen.push(times);
    return milliseconds(times);
  }, 8);
  return { seen, found };
}

test('what lasts long enough is executed once', async () => {
  assert.equal(await tried(() => 4), { seen: [1], found: { times: 1, taken: 4 } });
});

test('what is short is executed as often as lasts long enough, and the first guess is not trusted', async () => {
  // Each waits for 1 ms, in which most of the first time is spent.
  const { seen, found } = await tried((times) => 1 + times / 64);
  assert.equal(seen, [1, 8, 57, 242]);
  assert.equal(found, { times: 242, taken: 1 + 242 / 64 });
});

test('a clock that shows nothing at first is given sixteen times as many, and no more than 4096', async () => {
  assert.equal((await tried((times) => (times < 200 ? 0 : 5))).seen, [1, 16, 256]);
  assert.equal((await tried(() => 0)).seen, [1, 16, 256, 4096]);
});

test.run();
