import { markdown, merge, type Report, type Row, summariseKernels, toJson } from '../../src/bench/report.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench report');

const roofs = { gflops: 100, gigabytes: 10 };

const row = (name: string, candidate: string, kernel: string, share: number, more: Partial<Row> = {}): Row => ({
  ...{ case: name, candidate, kernel, share, bound: 'compute', flops: 1, bytes: 1, gflops: 1, gigabytes: 1 },
  ...{ ratio: 1, median: 1, spread: 0, samples: 3, first: 1, pipelines: [], compile: 0, error: 0, correct: true },
  ...more,
});
const report = (rows: Row[], date = '2026-01-02T00:00:00Z'): Report => ({
  ...{ adapter: 'a', description: 'a', runtime: 'Node 1', date, roofs, failed: [], rows },
});

test('a later run takes the places of the rows of its cases and keeps all others; new cases come last', () => {
  const merged = merge(
    {
      ...report([row('one', 'default', 'k', 0.1), row('one', 'naive', 'n', 0.1), row('two', 'default', 'k', 0.2)]),
      failed: ['one', 'one (tile)', 'three', 'two (tile)'],
    },
    report([row('four', 'default', 'k', 0.4), row('one', 'default', 'k', 0.3)], '2026-01-02T01:00:00Z'),
  );
  assert.equal(merged.failed, ['three', 'two (tile)']);
  assert.equal(
    merged.rows.map((own) => [own.case, own.share]),
    [
      ['one', 0.3],
      ['two', 0.2],
      ['four', 0.4],
    ],
  );
  assert.is(merged.date, '2026-01-02T01:00:00Z');
});

test('a report is JSON with a line a row, and is the same when it is read and merged again', () => {
  const whole: Report = {
    ...report([
      row('one', 'default', 'k', 0.1, { pipelines: [{ kernel: 'k', ms: 1.5 }] }),
      row('one', 'naive', 'n', 1e-7),
      row('two "wide"', 'default', 'k', 0.2),
    ]),
    note: 'A line\nand another.',
  };
  const text = toJson(whole);
  assert.equal(JSON.parse(text), whole);
  const lines = text.split('\n').filter((line) => line.startsWith('  '));
  assert.equal(
    lines.map((line) => JSON.parse(line.replace(/,$/, ''))),
    whole.rows,
  );
  assert.is(toJson(merge(JSON.parse(text), report([...whole.rows.slice(2)]))), text);
  assert.equal(JSON.parse(toJson(report([]))), report([]));
});

test('kernels are summed up by their dispatches where those were timed', () => {
  const dispatch = (kernel: string, share: number) =>
    ({ kernel, label: kernel, ms: 1, flops: 1, bytes: 1, share, bound: 'memory' }) as const;
  const summary = summariseKernels([
    row('one', 'default', 'k', 0.4, { torch: 2, dispatches: [dispatch('k', 0.6), dispatch('s', 0.1)] }),
    row('two', 'default', 'k', 0.2, { torch: 8 }),
    row('two', 'naive', 'n', 0.9),
  ]);
  assert.equal(
    summary.map(({ kernel, cases, best, bestCase }) => ({ kernel, cases, best, bestCase })),
    [
      { kernel: 'k', cases: 2, best: 0.6, bestCase: 'one' },
      { kernel: 's', cases: 1, best: 0.1, bestCase: 'one' },
    ],
  );
  assert.ok(Math.abs((summary[0]?.torch ?? 0) - 4) < 1e-9);
});

test('the table says what holds a kernel below half of the roof, and nothing of one above', () => {
  const rows = [row('one', 'default', 'slow', 0.1), row('two', 'default', 'fast', 0.8)];
  const text = markdown(report(rows), { slow: 'It waits.', fast: 'It flies.' });
  assert.match(text, /`slow`.*It waits\./);
  assert.not.match(text, /It flies/);
});

test.run();
