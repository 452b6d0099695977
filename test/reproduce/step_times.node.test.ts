import { table2 } from '../../src/reproduce/experiments/table2.ts';
import { scales } from '../../src/reproduce/scales.ts';
import { timesTable } from '../../src/reproduce/stage_tables.ts';
import { timeSteps } from '../../src/reproduce/step_times.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('times of steps');

/** What a test has time for. */
const TIMED = ['CE-Tuning', 'SCL'];

test('methods of table 2 have a time beside the ratio of the paper', async () => {
  const device = await testDevice();
  const times = await timeSteps(
    device,
    table2.timed!(scales.smoke).filter(({ label }) => TIMED.includes(label)),
    {
      model: { arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3 },
      shape: [6, 8, 8, 1],
    },
  );
  const { rows } = timesTable(times, 'a test');
  assert.equal(
    rows.map((row) => [row[0], row.at(-1)]),
    [
      ['CE-Tuning', '1.00'],
      // 2.48 hours over 2.35.
      ['SCL', '1.06'],
    ],
  );
  for (const { after, ratio, low, high } of times) assert.ok(after > 0 && low <= ratio && ratio <= high);
  // SCL has a projector more.
  assert.ok(times[0]!.flops > 0 && times[1]!.flops > times[0]!.flops);
});

test.run();
