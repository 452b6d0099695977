import { telling } from '../../src/train/telling.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('telling');
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('all that is told comes in order, also what is told at once and at the very end', async () => {
  const told: number[] = [];
  for await (const value of telling<number>(async (tell) => {
    tell(1);
    tell(2);
    await turn();
    tell(3);
    await turn();
    tell(4);
  }))
    told.push(value);
  assert.equal(told, [1, 2, 3, 4]);
});

test('an error comes after all that was told before it', async () => {
  const told: number[] = [];
  const failing = async () => {
    for await (const value of telling<number>(async (tell) => {
      tell(1);
      await turn();
      tell(2);
      throw new Error('the device is lost');
    }))
      told.push(value);
  };
  assert.is(await refusal(failing()), 'the device is lost');
  assert.equal(told, [1, 2]);
});

test('work whose stream is left ends where it would tell the next thing, and whoever left waits for that', async () => {
  let done = 0;
  for await (const value of telling<number>(async (tell) => {
    while (done < 100) {
      await turn();
      tell(++done);
    }
  }))
    if (value === 3) break;
  const left = done;
  assert.ok(left < 6, `${left} are done`);
  await turn();
  await turn();
  assert.is(done, left);
});

test.run();
