import { cosine, createSchedule, rateEpoch } from '../../src/optim/schedule.ts';
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

test('a rate that changes with the step is set at its first micro-batch, as engine_finetune.py of MAE sets it', () => {
  const epochs = (changes: 'step' | 'epoch') =>
    Array.from({ length: 10 }, (_, index) =>
      rateEpoch({ epoch: 3, index }, { microBatches: 10, accumulate: 4, changes }),
    );
  // data_iter_step / len(data_loader) + epoch where data_iter_step % accum_iter == 0.
  assert.equal(epochs('step'), [3, 3, 3, 3, 3.4, 3.4, 3.4, 3.4, 3.8, 3.8]);
  assert.equal(epochs('epoch'), Array(10).fill(3));
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
