import { cosine, createSchedule } from '../../src/optim/schedule.ts';
import { assert, suite } from '../harness.ts';

const test = suite('schedules');
const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-12, `${got} instead of ${want}`);

test('cosine of COIN: 0.01 at first, 0.00206 at the stage switch, never quite 0', () => {
  near(cosine(0.01, 0, 100), 0.01);
  assert.is(cosine(0.01, 70, 100).toPrecision(3), '0.00206');
  near(cosine(0.01, 50, 100), 0.005);
  assert.ok(cosine(0.01, 99, 100) > 0);
});

test('warm-up rises to the cosine and floors hold', () => {
  const schedule = createSchedule(0.5, 100, { floor: 0.0005, warmup_epochs: 10, warmup_from: 0.01 });
  near(schedule(0), 0.01);
  const top = 0.0005 + 0.5 * 0.4995 * (1 + Math.cos(Math.PI / 10));
  near(schedule(10), top);
  near(schedule(5), (0.01 + top) / 2);
  near(schedule(100), 0.0005);
});

for (const [name, bad] of [
  ['lr', [-0.1, 0, 10]],
  ['lr', [Number.NaN, 0, 10]],
  ['epoch', [0.1, -1, 10]],
  ['epoch', [0.1, 11, 10]],
  ['epochs', [0.1, 0, 0]],
  ['epochs', [0.1, 0, Number.NaN]],
  ['floor', [0.1, 0, 10, { floor: -1 }]],
  ['warmup_epochs', [0.1, 0, 10, { warmup_epochs: 11 }]],
  ['warmup_from', [0.1, 0, 10, { warmup_from: -1 }]],
] as const)
  test(`${name} of ${JSON.stringify(bad)} is refused`, () => {
    const [lr, epoch, epochs, options = {}] = bad as unknown as Parameters<typeof cosine>;
    assert.throws(
      () => cosine(lr, epoch, epochs, options),
      new RegExp(`^cosine: ${name} is \\S+, but it must be a number .*\\.$`),
    );
  });

test.run();
