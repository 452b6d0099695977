import type { Report, Row } from '../../src/bench/report.ts';
import { summariseReport } from '../../src/bench/result_summary.ts';
import { assert, suite } from '../harness.ts';

const test = suite('summary of a report');

const row = (candidate: string, share: number, correct = true): Row => ({
  ...{ case: 'one', candidate, kernel: 'k', share, bound: 'compute', flops: 1, bytes: 1, gflops: 1, gigabytes: 1 },
  ...{ ratio: 1, median: 1, spread: 0, samples: 3, first: 1, pipelines: [], compile: 0, error: 0, correct },
});
const timing = (median: number) => ({ median, spread: 0, samples: 3, first: 1 });
const report: Report = {
  ...{ adapter: 'a', description: 'a, by choice', runtime: 'Node 1', date: '2026-01-02T00:00:00Z' },
  ...{ roofs: { gflops: 100, gigabytes: 10 }, failed: [], rows: [] },
};

test('kernels of its own choice are averaged where they are right, and peers where they were timed', () => {
  const rows = [row('default', 0.1), row('default', 0.4), row('naive', 0.9), row('default', 0.9, false)];
  const sideBySide = [
    { name: 'one', group: 'kernels', timings: { coin: timing(1), a: timing(3) }, without: { b: 'no' } },
  ] as const;
  const { share, peers, ...summary } = summariseReport('a.json', { ...report, commit: 'abc', rows, sideBySide });
  assert.ok(Math.abs((share ?? 0) - 0.2) < 1e-12);
  assert.equal([Object.keys(peers.kernels), peers.kernels.a?.toFixed(6), peers.training], [['a'], '3.000000', {}]);
  assert.equal(summary, {
    ...{ file: 'a.json', adapter: 'a', runtime: 'Node 1', date: '2026-01-02T00:00:00Z', commit: 'abc' },
    ...{ roofs: report.roofs, cases: 2 },
  });
});

test('a report of training steps alone has no share, and an older one tells its commit in a note', () => {
  const { share, cases, commit } = summariseReport('a.json', { ...report, note: 'Nothing else ran; commit 40f9d5e.' });
  assert.equal([share, cases, commit], [null, 0, '40f9d5e']);
});

test.run();
