import type { Outcome } from '../../src/reproduce/cell.ts';
import { collect } from '../../src/reproduce/collect.ts';
import type { Row } from '../../src/reproduce/experiment.ts';
import { experiments } from '../../src/reproduce/experiments/index.ts';
import { planOf, type Sources } from '../../src/reproduce/plan.ts';
import { markdownOf } from '../../src/reproduce/render.ts';
import { scales } from '../../src/reproduce/scales.ts';
import { sheetOf } from '../../src/reproduce/sheet.ts';
import { assert, suite } from '../harness.ts';
import { outcomeOf, tableOf, tiny, trained } from './made_up.ts';

const test = suite('collecting an experiment');

const sources: Sources = {
  data: {
    embedded: { sha256: 'e' },
    cifar10: { path: 'one', sha256: '1' },
    dtd: { path: 'two', sha256: '2' },
    cars: { path: 'three', sha256: '3' },
    'fashion-mnist': { path: 'four', sha256: '4' },
  },
  weights: { 'self-supervised': { path: 'x', name: 'x', sha256: '0' } },
};

const rows: Row[] = [
  { label: 'CE-Tuning', paper: [97.26, 69.04], average: 83.15, train: trained('ce-tuning') },
  { label: 'SCL, as quoted', paper: [95.33, 72.73], average: 84.03 },
  { label: 'SCL', paper: [97.31, 73.51], average: 85.41, train: trained('scl') },
  { label: 'COIN', paper: [97.88, 75.74], average: 86.81, train: trained('coin') },
];

test('a place has the mean over seeds, the paper beside it, and the difference to SCL at the same seeds', () => {
  const plan = planOf(tableOf(rows), tiny, sources, { seeds: [0, 1, 2] });
  const top1: Record<string, number[]> = { 'CE-Tuning': [80, 82, 84], SCL: [79, 80.5, 83.5], COIN: [81, 83, 86.5] };
  const outcomes = new Map(plan.entries.map(({ hash, row, seed }) => [hash, outcomeOf(top1[row]![seed]!)]));
  const collected = collect(plan, outcomes);
  assert.equal(
    collected.columns.map(({ title, paper }) => [title, paper]),
    [['Fashion-MNIST, a part', 'paper, CIFAR-10']],
  );
  const [ce, quoted, scl, coin] = collected.rows.map(({ places: [place] }) => place!);
  assert.equal(ce!.statistic, { mean: 82, sd: 2 });
  assert.equal([quoted!.statistic, quoted!.comparison, scl!.comparison], [undefined, undefined, undefined]);
  assert.is(coin!.comparison!.here!.isBeyondChance, true);
  const markdown = markdownOf(sheetOf(plan, collected, outcomes)).split('\n');
  for (const line of [
    '| CE-Tuning | 82.00 ± 2.00 | 83.15 | – |',
    '| SCL, as quoted | – | 84.03 | – |',
    // 1 ∓ 4.303 · 0.5 / √3 and 2.5 ∓ 4.303 · 0.5 / √3, by hand.
    '| CE-Tuning | SCL | +1.00 (−0.24 to +2.24) | −2.26 | better, maybe by chance |',
    '| COIN | SCL | +2.50 (+1.26 to +3.74) | +1.40 | better, by more than chance |',
    'Here: of 2 differences these are larger than chance: COIN (+2.50 to SCL).',
  ])
    assert.ok(markdown.includes(line), `${line}\n${markdown.join('\n')}`);
});

test('several data sets have an average, of the seeds that all have; part of them has none of the paper', () => {
  const paper = { ...scales.paper, seeds: [0, 1] };
  const table = tableOf(rows, { dataSets: ['cifar10', 'dtd'] });
  const plan = planOf(table, paper, sources);
  const values: Record<string, number> = { 'cifar10 0': 90, 'cifar10 1': 91, 'dtd 0': 70 };
  const outcomes = new Map(
    plan.entries.flatMap(({ hash, row, dataSet, seed }): [string, Outcome][] => {
      const value = values[`${dataSet} ${seed}`];
      return value === undefined || row !== 'COIN' ? [] : [[hash, outcomeOf(value)]];
    }),
  );
  const coin = collect(plan, outcomes).rows.at(-1)!.places;
  assert.equal(
    coin.map(({ statistic, paper }) => [statistic?.mean, paper]),
    [
      [90.5, 97.88],
      [70, 75.74],
      [80, 86.81],
    ],
  );
  const part = planOf(tableOf(rows, { dataSets: ['cifar10', 'dtd', 'cars'] }), paper, sources, {
    dataSets: ['cifar10', 'dtd'],
  });
  assert.equal(
    collect(part, outcomes)
      .rows.at(-1)!
      .places.map((place) => place.paper),
    [97.88, 75.74, undefined],
  );
});

test("the paper's averages are those of the values", () => {
  for (const experiment of experiments)
    for (const { label, paper = [], average } of experiment.rows(scales.paper)) {
      if (paper.length > 0) assert.is(paper.length, experiment.dataSets.length, `${experiment.name}: ${label}`);
      if (average === undefined) continue;
      const mean = paper.reduce((sum, value) => sum + value, 0) / paper.length;
      const unit = 10 ** -experiment.measure.digits;
      const rounding = experiment.measure.digits > 2 ? 0.0061 : unit;
      assert.ok(Math.abs(mean - average) <= rounding, `${experiment.name}, ${label}: ${mean} and not ${average}`);
    }
});

test('all rows of a table are rows that it names, and a row that cannot be trained is left out and told', () => {
  for (const experiment of experiments)
    for (const scale of Object.values(scales)) {
      const all = experiment.rows(scale);
      const labels = all.map(({ label }) => label);
      assert.is(new Set(labels).size, labels.length, `${experiment.name} at ${scale.name}`);
      for (const { against = experiment.against } of all)
        if (against !== undefined) assert.ok(labels.includes(against), `${experiment.name}: ${against}`);
    }
  const [table1] = experiments;
  const { entries, notes } = planOf(table1!, scales.small, sources);
  assert.not.ok(entries.some(({ row }) => row === 'SL-CE-Tuning'));
  assert.ok(notes.includes('SL-CE-Tuning is left out: there is no supervised checkpoint for it.'));
});

test.run();
