// What stages take in time, and what they do to the features.
import { statistic } from '../report/data.ts';
import type { Outcome } from './cell.ts';
import type { Plan } from './plan.ts';
import type { StepTimes } from './step_times.ts';
import { NOTHING, PAPER, shown, type Table } from './table.ts';

/** Times of steps beside the paper's hours, as ratios. */
export function timesTable(times: readonly StepTimes[], what: string): Table {
  const [first] = times;
  return {
    title: `Time of a step over that of ${first?.label}`,
    head: ['Method', 'MFLOP', 'ratio', 'milliseconds', 'ratio', '95 % interval', "paper's ratio of hours"],
    rows: times.map(({ label, flops, after, ratio, low, high, paper }) => [
      label,
      (flops / 1e6).toFixed(0),
      (flops / (first?.flops ?? 1)).toFixed(2),
      after.toFixed(1),
      ratio.toFixed(2),
      label === first?.label ? NOTHING : `${low.toFixed(2)} to ${high.toFixed(2)}`,
      paper?.toFixed(2) ?? NOTHING,
    ]),
    notes: [
      `Training steps of ${what}, measured in turns; COIN's is that of its two stages by their shares. What comes before training or between epochs (DELTA's weights of channels) is not in it.`,
      "Steps of SL-CE-Tuning and RIFLE are CE-Tuning's, those of Noisy-Tune SCL's.",
    ],
  };
}

/** How far COIN's measure falls in its first stage and after it, of each of its rows. */
export function fallTable({ experiment, entries, rows }: Plan, outcomes: ReadonlyMap<string, Outcome>): Table[] {
  const { falls, measure } = experiment;
  if (!falls) return [];
  const fallen = rows.flatMap(({ label }) => {
    const runs = entries.filter(({ row }) => row === label).flatMap(({ hash }) => outcomes.get(hash)?.run ?? []);
    const places = runs.flatMap(({ stageSwitch, evaluations }) =>
      stageSwitch === undefined
        ? []
        : [
            [0, stageSwitch, Number.POSITIVE_INFINITY].map((epoch) =>
              evaluations.filter((at) => at.epoch <= epoch).at(-1),
            ),
          ],
    );
    if (places.length === 0) return [];
    const means = [0, 1, 2].map((i) => statistic(places.map((place) => measure.value(place[i] ?? {})))?.mean);
    return [[label, ...means.map((mean) => shown(mean, measure))]];
  });
  if (fallen.length === 0) return [];
  return [
    {
      title: `${measure.heading} of the two stages`,
      head: [experiment.rowsAre, 'before training', 'end of the first stage', 'end'],
      rows: [
        ...fallen,
        ['the paper, α = 0.7', ...[falls.before, falls.switch, falls.end].map((value) => shown(value, PAPER))],
      ],
      notes: ['Means over seeds.'],
    },
  ];
}
