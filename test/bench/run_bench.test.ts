import { runBench } from '../../src/bench/run_bench.ts';
import { testDevice } from '../device.ts';
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

test.run();
