import { comparison, markdownTable, textTable } from '../../src/report/table.ts';
import { assert, suite } from '../harness.ts';
import { madeUp } from './made-up.ts';

const test = suite('comparison table');

const width = (text: string) => [...text].length;

for (const seeds of [[0], [0, 1, 2]]) {
  test(`columns are aligned with ${seeds.length} seed(s)`, () => {
    const [head, rule, ...rest] = textTable(madeUp({ seeds })).split('\n');
    const rows = rest.slice(0, -1);
    assert.is(rows.length, 4);
    assert.ok(head!.startsWith('Method'));
    for (const heading of ['Top-1 (%)', 'S_Dbw', 'Time (s)', 'Epochs']) {
      // Headings and cells end at the same place, where a cell may have its mark.
      const end = head!.indexOf(heading) + width(heading);
      for (const row of rows) assert.match([...row].slice(end - 1, end + 3).join(''), /^[\d–]([* ] {2}|$)/);
    }
    assert.is(width(rule!), Math.max(...[head!, ...rows].map(width)));
    assert.is(rest.at(-1), '* best of its column');
  });
}

test('the best of a column is marked, in either direction', () => {
  const marked = comparison(madeUp()).map(({ label, cells }) => [label, ...cells.map(({ best }) => best)]);
  assert.equal(marked, [
    ['Checkpoint', false, false, false, false, false, false, false],
    ['CE-Tuning', false, false, false, false, false, false, false],
    ['SCL', false, false, false, false, true, false, false],
    ['COIN', true, true, true, true, false, false, false],
  ]);
});

test('methods that look equal share the best place, and a single one has none', () => {
  const { before: _, ...data } = madeUp();
  const [run] = data.runs;
  const twins = comparison({ ...data, runs: [run!, { ...run!, title: 'Twin', top1: run!.top1! + 1e-6 }] });
  assert.equal(
    twins.map(({ cells }) => cells[0]!.best),
    [true, true],
  );
  const alone = textTable({ ...data, runs: [run!] });
  assert.not.match(alone, /\*/);
});

test('a score that is undefined is a dash and wins nothing', () => {
  const { before: _, ...data } = madeUp();
  const rows = comparison({
    ...data,
    runs: data.runs.map(({ s_dbw, ...run }) => (run.title === 'COIN' ? run : { ...run, s_dbw })),
  });
  assert.equal(
    rows.map(({ cells }) => [cells[1]!.text === '–', cells[1]!.best]),
    [
      [false, false],
      [false, true],
      [true, false],
    ],
  );
});

test('Markdown has a row for each method and survives bars in names', () => {
  const data = madeUp({ seeds: [0, 1] });
  const lines = markdownTable(data).split('\n');
  assert.is(lines.length, 6);
  assert.match(lines[5]!, /^\| COIN \| \*\*\d+\.\d\d ± \d+\.\d\d\*\* \|/);
  const named = markdownTable({ ...data, runs: [{ ...data.runs[0]!, title: 'a|b' }] });
  assert.match(named, /\| a\\\|b \|/);
});
