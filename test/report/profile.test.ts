import { compile } from '../../src/gpu/program/program.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { chromeTrace, profileTable, showInDevTools } from '../../src/report/profile.ts';
import { shareOfRoof } from '../../src/report/roof.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('profile');

/** A real profile of a chain of dispatches; with `timestamps` false, as of an adapter that has none. */
async function profiled(timestamps = true) {
  const device = await testDevice();
  const features = new Set([...device.target.features].filter((name) => timestamps || name !== 'timestamp-query'));
  const tape = createTape(device.target);
  let x = tape.input('x', [4096]);
  for (let index = 0; index < 5; index++) x = tape.scope(`layer${index}`, () => relu(tape, x));
  tape.output('y', x);
  const program = await compile({ ...device, target: { ...device.target, features } }, tape);
  return program.profile({ x: new Float32Array(4096).fill(2) }, ['y']);
}

interface TraceEvent {
  readonly ph: string;
  readonly tid: number;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
}

for (const timestamps of [true, false])
  test(`a trace has every dispatch in order and loses no time${timestamps ? '' : ', by the wall clock'}`, async () => {
    const profile = await profiled(timestamps);
    if (!timestamps) assert.is(profile.clock, 'wall clock');
    const { traceEvents } = JSON.parse(chromeTrace(profile, 'test')) as { traceEvents: TraceEvent[] };
    const spans = traceEvents.filter(({ ph }) => ph === 'X');
    const names = traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid);
    assert.is(Math.min(...spans.map(({ ts }) => ts)), 0);
    for (const { dur, tid } of spans) {
      assert.ok(dur >= 0);
      assert.ok(names.includes(tid));
    }
    const gpu = spans.filter(({ tid }) => tid === 2);
    assert.equal(
      gpu.map(({ name }) => name),
      [0, 1, 2, 3, 4].map((index) => `layer${index} relu`),
    );
    for (const [index, { ts, dur }] of gpu.entries())
      if (index + 1 < gpu.length) assert.ok(gpu[index + 1]!.ts >= ts + dur - 1e-3);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const nanoseconds = sum(profile.dispatches.map((dispatch) => dispatch.nanoseconds));
    assert.ok(Math.abs(sum(gpu.map(({ dur }) => dur)) - nanoseconds / 1e3) < 1e-6 * nanoseconds + 1e-6);
    const host = spans.filter(({ tid }) => tid === 1);
    assert.equal(
      host.slice(0, 4).map(({ name }) => name),
      ['record', 'compile', 'submit', 'wait'],
    );
    for (const [index, { ts, dur }] of host.entries())
      if (index + 1 < host.length) assert.ok(host[index + 1]!.ts >= ts + dur - 1e-3);
  });

test('a profiled run computes what a run does', async () => {
  const { y } = await (await profiled()).read();
  assert.equal([...new Set(y)], [2]);
});

test('the table keeps the longest dispatches and sums the rest', async () => {
  const info = { kernel: 'k', workgroups: [1, 1, 1], start: 0 } as const;
  const dispatches = [1e6, 6e6, 3e6].map((nanoseconds, index) => ({
    ...info,
    ...{ label: `layer${index}`, flops: 3e6, bytes: 6e6, nanoseconds },
  }));
  const options = { top: 1, roofs: { gflops: 1, gigabytes: 4 } };
  const lines = profileTable({ dispatches, host: [], clock: 'wall clock' }, options).split('\n');
  assert.match(lines[1]!, /^layer1 +k +6\.000 +60\.0 +0\.500 +1\.00 +50$/);
  assert.match(lines[2]!, /^2 more +4\.000 +40\.0 +1\.50 +3\.00 +150$/);
  assert.match(lines[3]!, /^all 3 +10\.000 +100\.0 /);
  assert.match(lines[4]!, /the adapter has no timestamps/);
});

test('the roof that takes longer binds', () => {
  const roofs = { gflops: 100, gigabytes: 10 };
  // 1 GFLOP at 100 GFLOP/s takes 10 ms; 10 MB at 10 GB/s take 1 ms.
  assert.equal(shareOfRoof({ flops: 1e9, bytes: 1e7 }, 40, roofs), { share: 0.25, bound: 'compute' });
  assert.equal(shareOfRoof({ flops: 1e6, bytes: 1e8 }, 20, roofs), { share: 0.5, bound: 'memory' });
});

test('the developer tools are told of every dispatch', async () => {
  performance.clearMeasures();
  showInDevTools(await profiled());
  const entries = performance.getEntriesByType('measure') as (PerformanceEntry & {
    detail: { devtools: { dataType: string; track: string; trackGroup: string } };
  })[];
  const gpu = entries.filter(({ detail }) => detail.devtools.track === 'GPU');
  assert.is(gpu.length, 5);
  for (const { detail } of entries) {
    assert.is(detail.devtools.dataType, 'track-entry');
    assert.is(detail.devtools.trackGroup, 'COIN');
  }
  performance.clearMeasures();
});

test.run();
