import { comparison, markdownTable, textTable } from '../../src/report/table.ts';
import { assert, suite } from '../harness.ts';
import { madeUp } from './made-up.ts';

const test = suite('comparison table');

const width = (text: string) => [...text].length;

for (const seeds of [[0], [0, 1, 2]]) {
  test(`columns are aligned with ${seeds.length} seed(s)`, () => {
    const [head, rule, ...rest] = textTable(madeUp({ seeds })).split('\n');
    const rows = rest.slice(0, 4);
    assert.ok(head!.startsWith('Method'));
    for (const heading of ['Top-1 (%)', 'S_Dbw', 'Time (s)', 'Epochs']) {
      // Headings and cells end at the same place, where a cell may have its mark.
      const end = head!.indexOf(heading) + width(heading);
      for (const row of rows) assert.match([...row].slice(end - 1, end + 3).join(''), /^[\d–)]([* ] {2}|$)/);
    }
    assert.is(width(rule!), Math.max(...[head!, ...rows].map(width)));
    assert.equal(rest.slice(4), [
      '(…) 95 % interval of an accuracy on 2,000 test images (Wilson)',
      '* best of its column: with every seed and, for accuracies, with intervals that do not meet',
    ]);
  });
}

test('the best of a column is marked, in either direction', () => {
  const marked = comparison(madeUp()).map(({ label, cells }) => [label, ...cells.map(({ best }) => best)]);
  assert.equal(marked, [
    ['Checkpoint', false, false, false, false, false, false, false],
    ['CE-Tuning', false, false, false, false, false, false, false],
    ['SCL', false, false, false, false, false, false, false],
    // Its accuracy of 75 % of 2,000 images is not far enough above SCL's 74 %.
    ['COIN', false, true, true, true, false, false, false],
  ]);
  const many = comparison({ ...madeUp(), tested: 1_000_000 });
  assert.is(many[3]!.cells[0]!.best, true);
});

test('an accuracy has its interval beside it, where the number of test images is known', () => {
  const runs = madeUp().runs.map((run) => ({ ...run, top1: 85 }));
  const interval = (tested?: number) => comparison({ ...madeUp(), runs, ...{ tested } })[1]!.cells[0]!.interval;
  // By hand: (0.85 + 1.92/2000 ± 1.96 √(0.1275/2000 + 0.96/2000²)) / (1 + 3.84/2000).
  assert.is(interval(2000), '83.4–86.5');
  assert.is(interval(), undefined);
  assert.match(textTable({ ...madeUp(), runs }), /^COIN +85\.00 \(83\.4–86\.5\) {2}/m);
  assert.match(markdownTable({ ...madeUp(), runs }), /\| COIN \| 85\.00 \(83\.4–86\.5\) \|/);
});

test('of methods that look equal none is the best, nor is a single one', () => {
  const { before: _, ...data } = madeUp();
  const [run] = data.runs;
  const twins = comparison({ ...data, runs: [run!, { ...run!, title: 'Twin', top1: run!.top1! + 1e-6 }] });
  assert.equal(
    twins.map(({ cells }) => cells.some(({ best }) => best)),
    [false, false],
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

test('why S_Dbw is undefined is said below the table', () => {
  const data = madeUp();
  const runs = data.runs.map(({ s_dbw: _, ...run }) => ({ ...run, s_dbw_undefined: 'S_Dbw is undefined: so it is.' }));
  assert.is(
    textTable({ ...data, runs })
      .split('\n')
      .at(-1),
    'S_Dbw is undefined: so it is',
  );
});

test('Markdown has a row for each method and survives bars in names', () => {
  const data = madeUp({ seeds: [0, 1] });
  const lines = markdownTable(data).split('\n');
  assert.is(lines.length, 6);
  assert.match(
    lines[5]!,
    /^\| COIN \| \d+\.\d\d ± \d+\.\d\d \(\d\d\.\d–\d\d\.\d\) \| \*\*\d\.\d{3} ± \d\.\d{3}\*\* \|/,
  );
  const named = markdownTable({ ...data, runs: [{ ...data.runs[0]!, title: 'a|b' }] });
  assert.match(named, /\| a\\\|b \|/);
});
