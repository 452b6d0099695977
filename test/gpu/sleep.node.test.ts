import { sleepUntil } from '../../src/gpu/sleep.node.ts';
import { assert, suite } from '../harness.ts';

const test = suite('waiting in Node');

/** Lets the event loop turn so often, counts sleeps meanwhile, and returns how many there were. */
async function sleepsDuring(turns: number, begin: () => unknown): Promise<number> {
  const { wait } = Atomics;
  let sleeps = 0;
  Atomics.wait = (() => {
    sleeps += 1;
    return 'timed-out';
  }) as typeof wait;
  try {
    begin();
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
  } finally {
    Atomics.wait = wait;
  }
  return sleeps;
}

test('however many wait, one sleeps, once in each turn of the event loop', async () => {
  let settle = () => {};
  const pending = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const sleeps = await sleepsDuring(10, () => {
    for (let count = 0; count < 1000; count++) sleepUntil(pending);
  });
  assert.ok(sleeps >= 10 && sleeps <= 12, `${sleeps} sleeps`);
  settle();
  await pending;
  assert.ok((await sleepsDuring(10, () => {})) <= 1, 'nobody waits any more');
});

test('a wait that begins just when the last one has ended sleeps no more often', async () => {
  const sleeps = await sleepsDuring(20, async () => {
    for (let count = 0; count < 10; count++) await sleepUntil(Promise.resolve());
    sleepUntil(new Promise((resolve) => setTimeout(resolve, 20)));
  });
  assert.ok(sleeps >= 20 && sleeps <= 22, `${sleeps} sleeps`);
});

test('what was waited for is given, or thrown', async () => {
  assert.is(await sleepUntil(Promise.resolve(5)), 5);
  let thrown: unknown;
  await sleepUntil(Promise.reject(new Error('no'))).catch((error) => {
    thrown = error;
  });
  assert.is((thrown as Error).message, 'no');
});
