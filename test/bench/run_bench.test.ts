import { runBench } from '../../src/bench/run_bench.ts';
import { brokenDevice, testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench');

const options = { pattern: '4M', all: true, rounds: 1, limit: 10, candidates: 'default' } as const;

test('an interrupted run reports what it has measured until then', async () => {
  const interruption = new AbortController();
  const lines: string[] = [];
  const print = (line: string) => {
    lines.push(line);
    if (line.startsWith('relu')) interruption.abort();
  };
  const { rows } = await runBench(await testDevice(), options, 'a test', print, interruption.signal);
  assert.equal([...new Set(rows.map((row) => row.case.split(' ')[0]))], ['add', 'relu']);
  assert.ok(lines.some((line) => /^interrupted: \d+ cases were not run$/.test(line)));
});

test('a candidate that does not compile is told, once, and all others are timed', async () => {
  const lines: string[] = [];
  const some = { pattern: 'matmul 256 NN', all: false, rounds: 1, limit: 10, candidates: 'kernels' } as const;
  for (const [path, isBroken] of [
    ['matmul/naive.wgsl', (candidate: string) => candidate === 'naive'],
    // What the engine takes of its own accord on this adapter is among these.
    ['gemm/subgroup.wgsl', (candidate: string) => candidate.startsWith('subgroup')],
  ] as const) {
    const { device } = await brokenDevice(path, 'fn broken() -> f32 { return nowhere; }');
    const { rows, failed } = await runBench(device, some, 'a test', (line) => lines.push(line));
    assert.ok(rows.length > 1, `${rows.length} rows`);
    assert.not(rows.some(({ candidate }) => isBroken(candidate)));
    assert.ok(failed.every((name) => name.startsWith('matmul 256 NN (')));
    assert.is(
      failed.length > 0,
      lines.some((line) => line.includes(`kernels/${path}:`)),
    );
  }
  assert.is(lines.filter((line) => line.includes('kernels/matmul/naive.wgsl:')).length, 1);
});

test.run();
