import { compareReports, parseReport } from '../../src/bench/compare_reports.ts';
import { inWords } from '../../src/bench/comparison.ts';
import { type Report, type Row, toJson } from '../../src/bench/report.ts';
import { assert, suite } from '../harness.ts';

const test = suite('compared reports');

const row = (name: string, median: number, spread: number, more: Partial<Row> = {}): Row => ({
  ...{ case: name, candidate: 'default', kernel: 'k', share: 0.5, bound: 'compute' as const, flops: 1, bytes: 1 },
  ...{ gflops: 1, gigabytes: 1, ratio: 1, median, spread, samples: 9, first: 1, pipelines: [], compile: 0, error: 0 },
  ...{ correct: true, ...more },
});
const report = (...rows: Row[]): Report => ({
  ...{ adapter: 'a', description: 'a', runtime: 'Node 1', date: '2026-01-02T00:00:00Z' },
  ...{ roofs: { gflops: 100, gigabytes: 10 }, failed: [], rows },
});

test('cases that both have are compared by their own choice, with a mean of all', () => {
  const before = report(
    row('one', 2, 0.1),
    row('one', 9, 0, { candidate: 'naive' }),
    row('two', 4, 1),
    row('old', 1, 0),
  );
  const after = report(row('new', 1, 0), row('two', 4.2, 1), row('one', 1, 0));
  const { rows, mean, alone } = compareReports(before, after);
  assert.equal(alone, ['old', 'new']);
  assert.equal(
    rows.map((own) => [own.case, own.before, own.after]),
    [
      ['one', 2, 1],
      ['two', 4, 4.2],
    ],
  );
  assert.ok(Math.abs(mean - Math.sqrt(0.5 * 1.05)) < 1e-12, `${mean}`);
  // The interval that box plots have as notches, 3.14 half ranges by √n for 95 % between two boxes, is a little narrower.
  const half = ((rows[0]?.high ?? 0) - (rows[0]?.low ?? 0)) / 2;
  assert.ok(half > (0.5 * 0.05 * 3.14) / 3 && half < (0.5 * 0.05 * 4) / 3, `${half}`);
  assert.match(inWords(rows[0]!), /faster by 50\.0 % \(\d+\.\d to \d+\.\d\)$/);
  assert.match(inWords(rows[1]!), /no difference shown \(\+5\.0 %, /);
});

test('a report is read back, and what is none is refused in a sentence', () => {
  const own = report(row('one', 2, 0.1));
  assert.equal(parseReport('a.json', toJson(own)), own);
  assert.throws(() => parseReport('a.json', '{'), /a\.json is not JSON\.$/);
  for (const text of ['null', '[]', '{"rows":[{}],"adapter":"a"}'])
    assert.throws(() => parseReport('b.json', text), /b\.json is no report of this benchmark\.$/);
  assert.throws(() => compareReports(own, report(row('two', 1, 0))), /The two reports have no case in common\.$/);
});

test.run();
