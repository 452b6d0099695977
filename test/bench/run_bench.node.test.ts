import { runBench } from '../../src/bench/run_bench.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
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
  const mistake = 'fn broken() -> f32 { return nowhere; }';
  const { device } = await brokenDevice('matmul/naive.wgsl', mistake);
  // What the engine takes of its own accord where there are subgroups.
  device.library.replaceModule('gemm/subgroup.wgsl', `${modules['gemm/subgroup.wgsl']}${mistake}\n`);
  const { rows, failed } = await runBench(device, some, 'a test', (line) => lines.push(line));
  assert.ok(rows.length > 1, `${rows.length} rows`);
  assert.not(rows.some(({ candidate }) => /^(naive|subgroup)/.test(candidate)));
  const told = (path: string) => lines.filter((line) => line.includes(`kernels/${path}:`)).length;
  assert.ok(failed.includes('matmul 256 NN (naive)'), `${failed}`);
  assert.is(told('matmul/naive.wgsl'), 1);
  assert.is(told('gemm/subgroup.wgsl'), Number(device.target.features.has('subgroups')));
});

test.run();
