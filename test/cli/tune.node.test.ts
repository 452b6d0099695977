import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyNote } from '../../src/bench/roofs.ts';
import { tuningReport, useTuned } from '../../src/cli/tune.ts';
import { remember } from '../../src/gpu/tune/memory.ts';
import { fileStore } from '../../src/gpu/tune/store.node.ts';
import type { Tuned } from '../../src/gpu/tune/tune.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('tuning on the command line');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuned-'));
});
test.after(() => rm(folder, { recursive: true }));

async function freshDevice(choices: [string, string][] = []) {
  const device = await testDevice();
  const measured = new Map(choices);
  return { ...device, measured, target: { ...device.target, measured } };
}

/** What a part of the program writes to stderr, with the cache in this test's folder. */
async function told(part: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const { error } = console;
  const cache = process.env.COIN_CACHE;
  console.error = (line: string) => lines.push(line);
  process.env.COIN_CACHE = folder;
  try {
    await part();
  } finally {
    console.error = error;
    if (cache === undefined) delete process.env.COIN_CACHE;
    else process.env.COIN_CACHE = cache;
  }
  return lines;
}

test('what was kept is used without being asked for, in a line; not with --no-tuned', async () => {
  const nothing = await freshDevice();
  assert.equal(await told(() => useTuned(nothing, { tuned: true })), []);
  const before = await freshDevice([
    ['matmul rows=1', 'naive'],
    ['matmul rows=2', 'register'],
  ]);
  await told(async () => {
    await remember(before, fileStore());
  });
  const device = await freshDevice();
  assert.equal(await told(() => useTuned(device, { tuned: true })), [
    'kernels: as --tune measured them before, where one of 2 problems occurs (--no-tuned for none)',
  ]);
  assert.equal([...device.measured], [...before.measured]);
  const untouched = await freshDevice();
  assert.equal(await told(() => useTuned(untouched, { tuned: false })), []);
  assert.is(untouched.measured.size, 0);
  let refused = '';
  await useTuned(untouched, { tune: true, tuned: false }).catch(({ message }: Error) => {
    refused = message;
  });
  assert.match(refused, /^--tune adds to what was measured before, so it cannot go with --no-tuned\.$/);
});

test('a report says what the whole step gains, and lists choices only where they are kept', () => {
  const tuned: Tuned[] = [
    { key: 'matmul a', plain: 'tile', plainTime: 2, best: 'naive', bestTime: 1, leftOut: 0 },
    { key: 'matmul b', plain: 'tile', plainTime: 2, best: 'tile', bestTime: 2, leftOut: 3 },
  ];
  const how = { known: 0, seconds: 5 };
  const spread = { before: 0, after: 0 };
  const step = { before: 10, after: 9, spread, ratio: 0.9, low: 0.89, high: 0.91 };
  const head = 'tuning, T: 2 problems measured in 5 s, 3 ways left out for lack of time, 1 faster in another way';
  assert.equal(tuningReport('T', tuned, { ...how, step, isKept: true }).split('\n'), [
    `${head}; the whole step: faster by 10.0 % (9.0 to 11.0), 10.0 → 9.00 ms, so they are kept`,
    '  matmul a  tile → naive  2.00 → 1.00 ms',
  ]);
  const noGain = { ...step, high: 1.01 };
  assert.is(
    tuningReport('T', tuned, { ...how, step: noGain, isKept: false }),
    `${head}; the whole step: no difference shown (−10.0 %, −11.0 to +1.0), 10.0 → 9.00 ms, so none is kept`,
  );
  assert.match(tuningReport('T', tuned.slice(1), how), /0 faster in another way: nothing to gain$/);
});

test('a machine that takes now this long, now that is called busy', () => {
  const roofs = { gflops: 1, gigabytes: 1 };
  assert.is(busyNote(roofs), undefined);
  assert.is(busyNote({ ...roofs, spread: 0.03 }), undefined);
  assert.match(busyNote({ ...roofs, spread: 0.124 }) ?? '', /^The machine is busy: the same work varies by ±12 %/);
});

test.run();
