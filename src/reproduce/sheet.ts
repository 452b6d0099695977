// A collected experiment for people, in tables and sentences that Markdown, HTML and the terminal have alike.
import { statistic } from '../report/data.ts';
import { list } from '../report/summary.ts';
import type { Outcome } from './cell.ts';
import type { Collected, Comparison, Place } from './collect.ts';
import { type Condition, dataTitle, type Measure } from './experiment.ts';
import type { Plan } from './plan.ts';
import { PAPER_CONDITIONS } from './scales.ts';
import type { StepTimes } from './step_times.ts';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  /** The first cell of each is its head. */
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  /** Whether cells are texts and not numbers. */
  readonly isText?: boolean;
}

export interface Sheet {
  readonly title: string;
  readonly lead: readonly string[];
  readonly tables: readonly Table[];
}

const NOTHING = '–';

export function sheetOf(
  plan: Plan,
  collected: Collected,
  outcomes: ReadonlyMap<string, Outcome>,
  more: readonly Table[] = [],
): Sheet {
  const { experiment, scale } = plan;
  return {
    title: `${experiment.title}, at the scale "${scale.name}"`,
    lead: [`The paper: ${experiment.claim}`, finding(plan, collected), ...state(plan, outcomes)],
    tables: [
      mainTable(plan, collected, outcomes),
      ...more,
      ...comparisonTable(plan, collected),
      conditionTable(plan, outcomes),
    ],
  };
}

/** What the comparison comes to, in a sentence or two. */
function finding({ experiment, seeds }: Plan, { columns, rows }: Collected): string {
  const column = columns.length - 1;
  const compared = rows.flatMap(({ label, places }) => {
    const { here, against } = places[column]?.comparison ?? {};
    return here ? [{ label, here, against }] : [];
  });
  if (compared.length === 0) return 'Nothing can be compared yet.';
  if (seeds.length === 1)
    return 'Here: with one seed no difference can be told from chance; give several (--seeds 0,1,2).';
  const beyond = compared
    .filter(({ here }) => here.isBeyondChance)
    .map(({ label, here, against }) => `${label} (${signed(here.mean, experiment.measure)} to ${against})`);
  const where = columns.length > 1 ? ' on average over the data sets' : '';
  return beyond.length === 0
    ? `Here: none of ${compared.length} differences${where} is larger than chance.`
    : `Here: of ${compared.length} differences${where} these are larger than chance: ${list(beyond)}.`;
}

/** What is not there yet. */
function state({ entries }: Plan, outcomes: ReadonlyMap<string, Outcome>): string[] {
  const hashes = new Set(entries.map(({ hash }) => hash));
  const done = [...hashes].filter((hash) => outcomes.has(hash)).length;
  return done === hashes.size
    ? []
    : [`${done} of ${hashes.size} cells are done; the same command goes on with the rest.`];
}

const unitOf = ({ unit }: Pick<Measure, 'unit'>) => (unit ? ` (${unit})` : '');

function mainTable(plan: Plan, { columns, rows }: Collected, outcomes: ReadonlyMap<string, Outcome>): Table {
  const { experiment, seeds } = plan;
  const { measure } = experiment;
  const besides = columns.length === 1 ? BESIDES.filter(({ heading }) => heading !== measure.heading) : [];
  const runsOf = (label: string) =>
    plan.entries.filter(({ row }) => row === label).flatMap(({ hash }) => outcomes.get(hash)?.run ?? []);
  return {
    title: `${measure.heading} beside the paper's`,
    head: [
      experiment.rowsAre,
      ...columns.flatMap(({ title, paper }) => [`${title}${unitOf(measure)}`, paper]),
      ...besides.map((beside) => `${beside.heading}${unitOf(beside)}`),
    ],
    rows: rows.map(({ label, places }) => [
      label,
      ...places.flatMap((place) => [here(place, measure), shown(place.paper, measure)]),
      ...besides.map((beside) => {
        const values = runsOf(label).flatMap((run) => beside.value(run) ?? []);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        return values.length === 0 ? NOTHING : mean.toFixed(beside.digits);
      }),
    ]),
    notes: [
      `${measure.better === 'higher' ? 'Higher' : 'Lower'} is better.`,
      ...(seeds.length > 1 ? [`Mean ± standard deviation of ${seeds.length} seeds.`] : [`One seed, ${seeds[0]}.`]),
      ...plan.notes,
      ...(experiment.notes ?? []),
    ],
  };
}

/** What is told of runs besides, where there is room for it. */
const BESIDES: readonly Pick<Measure, 'heading' | 'unit' | 'digits' | 'value'>[] = [
  { heading: 'top-1', unit: '%', digits: 2, value: (run) => run.top1 },
  { heading: 'S_Dbw', digits: 3, value: (run) => run.s_dbw },
  { heading: 'training', unit: 's', digits: 1, value: (run) => run.seconds },
];

const shown = (value: number | undefined, { digits }: Measure) => value?.toFixed(digits) ?? NOTHING;

const here = ({ statistic }: Place, { digits }: Measure): string => {
  if (!statistic) return NOTHING;
  const mean = statistic.mean.toFixed(digits);
  return statistic.sd === undefined ? mean : `${mean} ± ${statistic.sd.toFixed(digits)}`;
};

const signed = (value: number, { digits }: Measure): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

function comparisonTable({ experiment, seeds }: Plan, { columns, rows }: Collected): Table[] {
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
      : [];
  return [
    {
      title: 'Differences',
      head: [
        experiment.rowsAre,
        ...(several ? ['data'] : []),
        'compared with',
        `here${unitOf(measure)}`,
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
    paper === undefined ? NOTHING : signed(paper, measure),
    here ? inWords(here, measure) : NOTHING,
  ];
}

function inWords({ mean, isBeyondChance }: NonNullable<Comparison['here']>, { better, digits }: Measure): string {
  if (Number(mean.toFixed(digits)) === 0) return 'the same';
  const direction = mean > 0 === (better === 'higher') ? 'better' : 'worse';
  if (isBeyondChance === undefined) return `${direction}; one seed does not tell whether by chance`;
  return isBeyondChance ? `${direction}, by more than chance` : `${direction}, maybe by chance`;
}

/** The conditions that differ from the paper's, and what is known of the adapters and the images. */
function conditionTable(
  { scale, dataSets, entries, seeds, experiment }: Plan,
  outcomes: ReadonlyMap<string, Outcome>,
): Table {
  const own = { ...scale.conditions, seeds: list(seeds.map(String)) };
  const differing = (Object.keys(PAPER_CONDITIONS) as Condition[]).filter(
    (name) => own[name] !== PAPER_CONDITIONS[name],
  );
  const adapters = [...new Set([...outcomes.values()].map(({ adapter }) => adapter))];
  const mixed = dataSets.filter((dataSet) => {
    const images = entries
      .filter((entry) => entry.dataSet === dataSet)
      .flatMap(
        ({ hash }) => (outcomes.get(hash)?.run.setup as { data?: { sha256?: string } } | undefined)?.data?.sha256 ?? [],
      );
    return new Set(images).size > 1;
  });
  const left = experiment.dataSets.filter((dataSet) => !scale.standIn && !dataSets.includes(dataSet));
  return {
    title: 'What is not as in the paper',
    head: ['condition', 'paper', 'here'],
    rows: [
      ...differing.map((name) => [name, PAPER_CONDITIONS[name], own[name]]),
      ...(adapters.length > 0 ? [['device', 'one GPU, not told which', list(adapters)]] : []),
    ],
    notes: [
      ...(experiment.part ? [experiment.part] : []),
      ...(left.length > 0 ? [`Left out: ${list(left.map(dataTitle))}.`] : []),
      ...mixed.map((dataSet) => `The cells of ${dataTitle(dataSet)} were not all made from the same images.`),
    ],
    isText: true,
  };
}

/** Times of steps beside the paper's hours, as ratios. */
export function timesTable(times: readonly StepTimes[], what: string): Table {
  const [first] = times;
  return {
    title: `Time of a step over that of ${first?.label}`,
    head: ['Method', 'milliseconds', 'ratio', '95 % interval', "paper's ratio of hours"],
    rows: times.map(({ label, after, ratio, low, high, paper }) => [
      label,
      after.toFixed(1),
      ratio.toFixed(2),
      label === first?.label ? NOTHING : `${low.toFixed(2)} to ${high.toFixed(2)}`,
      paper.toFixed(2),
    ]),
    notes: [`Training steps of ${what}, measured in turns; COIN's is that of its two stages by their shares.`],
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
        ['the paper, α = 0.7', ...[falls.before, falls.switch, falls.end].map((value) => shown(value, measure))],
      ],
      notes: ['Means over seeds.'],
    },
  ];
}
