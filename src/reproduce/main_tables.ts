// An experiment's numbers beside the paper's, and their differences.
import { type Statistic, statistic } from '../report/data.ts';
import type { Outcome } from './cell.ts';
import type { Collected, Comparison, Place } from './collect.ts';
import type { Measure } from './experiment.ts';
import type { Plan } from './plan.ts';
import { NOTHING, PAPER, shown, signed, type Table, unitOf } from './table.ts';

export function mainTable(plan: Plan, { columns, rows }: Collected, outcomes: ReadonlyMap<string, Outcome>): Table {
  const { experiment, seeds } = plan;
  const { measure } = experiment;
  const besides = columns.length === 1 ? BESIDES.filter(({ heading }) => heading !== measure.heading) : [];
  const runsOf = (label: string) =>
    plan.entries.filter(({ row }) => row === label).flatMap(({ hash }) => outcomes.get(hash)?.run ?? []);
  return {
    title: `${capitalised(measure.heading)} beside the paper's`,
    head: [
      experiment.rowsAre,
      ...columns.flatMap(({ title, paper }) => [`${title}${unitOf(measure)}`, paper]),
      ...besides.map((beside) => `${beside.heading}${unitOf(beside)}`),
    ],
    rows: rows.map(({ label, places }) => [
      label,
      ...places.flatMap((place) => [here(place.statistic, measure), shown(place.paper, PAPER)]),
      ...besides.map((beside) => here(statistic(runsOf(label).map(beside.value)), beside)),
    ]),
    notes: [
      `${measure.better === 'higher' ? 'Higher' : 'Lower'} is better. ${seeds.length > 1 ? `Mean ± standard deviation of ${seeds.length} seeds` : `One seed, ${seeds[0]}`}.`,
      ...plan.notes,
      ...(experiment.notes ?? []),
    ],
  };
}

/** What is told of runs besides, where there is room for it. Seconds are not: cells met whatever else the machine did at the time. */
const BESIDES: readonly Pick<Measure, 'heading' | 'unit' | 'digits' | 'value'>[] = [
  { heading: 'top-1', unit: '%', digits: 2, value: (run) => run.top1 },
  { heading: 'S_Dbw', digits: 3, value: (run) => run.s_dbw },
];

const capitalised = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

const here = (known: Statistic | undefined, { digits }: Pick<Measure, 'digits'>): string => {
  if (!known) return NOTHING;
  const mean = known.mean.toFixed(digits);
  return known.sd === undefined ? mean : `${mean} ± ${known.sd.toFixed(digits)}`;
};

export function comparisonTable({ experiment, seeds }: Plan, { columns, rows }: Collected): Table[] {
  const { measure } = experiment;
  const several = columns.length > 1;
  const compared = columns.flatMap(({ title }, column) =>
    rows.flatMap(({ label, places }) => {
      const { comparison } = places[column] as Place;
      return comparison?.here ? [[label, ...(several ? [title] : []), ...cellsOf(comparison, measure)]] : [];
    }),
  );
  if (compared.length === 0) return [];
  const chance =
    seeds.length > 1
      ? [
          "In brackets the 95 % interval over seeds, by Student's paired t; a difference is larger than chance where that does not hold 0. The intervals are not widened for the number of comparisons: one in 20 looks so by chance alone.",
        ]
      : ['One seed does not tell which differences are chance.'];
  return [
    {
      title: 'Differences',
      head: [
        experiment.rowsAre,
        ...(several ? ['data'] : []),
        'compared with',
        `here${unitOf({ ...measure, ...(measure.unit === '%' && { unit: 'points' }) })}`,
        'paper',
        'in words',
      ],
      rows: compared,
      notes: chance,
      isText: true,
    },
  ];
}

function cellsOf({ against, here, paper }: Comparison, measure: Measure): string[] {
  const interval = here?.interval?.map((end) => signed(end, measure)).join(' to ');
  return [
    against,
    here ? `${signed(here.mean, measure)}${interval ? ` (${interval})` : ''}` : NOTHING,
    paper === undefined ? NOTHING : signed(paper, PAPER),
    here ? inWords(here, measure) : NOTHING,
  ];
}

function inWords({ mean, isBeyondChance }: NonNullable<Comparison['here']>, { better, digits }: Measure): string {
  if (Number(mean.toFixed(digits)) === 0) return 'the same';
  const direction = mean > 0 === (better === 'higher') ? 'better' : 'worse';
  if (isBeyondChance === undefined) return `${direction} with this seed`;
  return isBeyondChance ? `${direction}, by more than chance` : `${direction}, maybe by chance`;
}
