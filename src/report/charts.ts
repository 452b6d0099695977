// What the page's script draws, made from the runs: plain data that is embedded in the page as JSON.

import { shuffle } from '../data/random.ts';
import { capital } from './capital.ts';
import { confusedMethods, TABLE_CLASSES } from './confused.ts';
import { type Group, groups, type Plane, type ReportData, type Run, statistic, type Thumbnails } from './data.ts';
import { intervalOf, KNN, S_DBW, type Score, TOP1, TOP5 } from './ranking.ts';
import { list } from './summary.ts';

/** Scores or losses over epochs, a line for each method. */
export interface Curves {
  readonly id: string;
  readonly title: string;
  /** What the vertical axis measures, with its unit. */
  readonly axis: string;
  /** The chart in words, for those who cannot see it. */
  readonly text: string;
  /**
   * `method` selects label, colour and dashes; a gap in the line is a null. `interval` holds the last value with 95 %, where
   * that is known.
   */
  readonly lines: readonly {
    method: number;
    points: readonly (readonly [epoch: number, value: number | null])[];
    interval?: readonly [low: number, high: number];
  }[];
}

/** Features in the plane, coloured by class. */
export interface Scatter {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  readonly text: string;
  /** Those of the page, in the same order in each plot. */
  readonly planes: readonly Plane['points'][];
  readonly labels: readonly number[];
  /** Of each point: which class it was taken for, where anything tells, and which thumbnail shows it. */
  readonly predictions?: readonly number[];
  readonly images: readonly number[];
}

/** A matrix of many classes, drawn as a picture. */
export interface Confusion {
  readonly id: string;
  readonly text: string;
  /** Row, column and count of each place that is not 0, one after the other. */
  readonly counts: readonly number[];
}

/** Where methods go over to their second stage: a vertical line in every chart of curves. */
export interface Switch {
  readonly epoch: number;
  /** The method that does, where it is one alone. */
  readonly method?: number;
  /** What is said of it, the shortest last. */
  readonly texts: readonly string[];
  /** From what to what, of each. */
  readonly changes: readonly string[];
}

/** All that the page draws. */
export interface Charts {
  readonly methods: readonly string[];
  readonly classes: readonly string[];
  readonly switches: readonly Switch[];
  readonly scores: readonly Curves[];
  readonly losses: readonly Curves[];
  /** How well the features of contrastive losses find each other. */
  readonly contrasts: readonly Curves[];
  /** Empty where classes are so few that tables show them. */
  readonly confusions: readonly Confusion[];
  readonly scatters: readonly Scatter[];
  /** The names of the planes that the plots have. */
  readonly planes: readonly string[];
  /** Absent where there are no pictures. */
  readonly thumbnails?: Omit<Thumbnails, 'url'>;
}

/** More points than these make a page heavy and a plot no clearer. */
const MAX_POINTS = 1500;

/** Selects and rounds what the charts show. Methods that ran with several seeds are drawn as the mean of their runs. */
export function charts(data: ReportData): Charts {
  const methods = groups(data.runs);
  const { tested, thumbnails } = data;
  return {
    methods: methods.map(({ label }) => label),
    classes: data.classes,
    switches: switchesOf(methods),
    scores: [
      withIntervals(scoreCurves(methods, 'chart-top1', TOP1, 'Top-1 accuracy', 'top-1 accuracy (%)'), tested),
      withIntervals(scoreCurves(methods, 'chart-top5', TOP5, 'Top-5 accuracy', 'top-5 accuracy (%)'), tested),
      withIntervals(scoreCurves(methods, 'chart-knn', KNN, 'k-NN accuracy', 'k-NN accuracy (%)'), tested),
      scoreCurves(methods, 'chart-s_dbw', S_DBW, 'S_Dbw', 'S_Dbw (no unit, lower is better)'),
    ].filter(({ lines }) => lines.length > 0),
    losses: lossCurves(methods),
    contrasts: contrastCurves(methods),
    confusions: confusions(data),
    scatters: scatters(data, methods),
    planes: planesIn(data),
    ...(thumbnails && {
      thumbnails: { columns: thumbnails.columns, width: thumbnails.width, height: thumbnails.height },
    }),
  };
}

/** One for all methods that switch after the same epoch, whose lines would hide each other. */
function switchesOf(methods: readonly Group[]): Switch[] {
  const all = methods.flatMap(({ label, runs: [{ losses, stageSwitch: epoch }] }, method) => {
    if (epoch === undefined) return [];
    const stageAt = (at: number) => losses.find((row) => row.epoch === at)?.stage;
    const change = `from ${stageAt(epoch - 1) ?? 'its first stage'} to ${stageAt(epoch) ?? 'its second stage'}`;
    return [{ method, label, epoch, change }];
  });
  return [...new Set(all.map(({ epoch }) => epoch))].map((epoch) => {
    const own = all.filter((one) => one.epoch === epoch);
    const [{ method, label }] = own as [(typeof all)[number]];
    const changes = [...new Set(own.map(({ change }) => change))];
    return own.length === 1
      ? { epoch, method, texts: [`${label}: second stage`, label], changes }
      : { epoch, texts: [`second stage of ${own.length} methods`, `${own.length} methods`], changes };
  });
}

type Points = Curves['lines'][number]['points'];

function curves(
  methods: readonly Group[],
  { id, title, axis }: Pick<Curves, 'id' | 'title' | 'axis'>,
  pointsOf: (run: Run) => Points,
): Curves {
  const lines = methods
    .map(({ runs }, method) => ({ method, points: meanOf(runs.map(pointsOf)) }))
    .filter(({ points }) => points.length > 0);
  const ends = lines.map(({ method, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${methods[method]!.label} goes from ${first[1]} (epoch ${first[0]}) to ${last[1]} (epoch ${last[0]})`;
  });
  return { id, title, axis, text: `${title} over epochs: ${list(ends)}.`, lines };
}

/** At each epoch the mean of the runs that have a value there. */
function meanOf(runs: readonly Points[]): Points {
  const epochs = [...new Set(runs.flatMap((points) => points.map(([epoch]) => epoch)))].sort((a, b) => a - b);
  return epochs.map((epoch) => {
    const values = runs.map((points) => points.find(([x]) => x === epoch)?.[1] ?? undefined);
    const mean = statistic(values)?.mean;
    return [epoch, mean === undefined ? null : round(mean)];
  });
}

function scoreCurves(
  methods: readonly Group[],
  id: string,
  { value, classified }: Score,
  title: string,
  axis: string,
): Curves {
  return curves(methods, { id, title, axis }, (run) => {
    const from = classified ? trainedFrom(run) : 0;
    return run.evaluations.flatMap((evaluation) => {
      const own = value(evaluation);
      return own === undefined || evaluation.epoch < from ? [] : [[evaluation.epoch, own] as const];
    });
  });
}

/** After how many epochs a run's classifier has been trained at all: what it says before is chance, and no accuracy. */
function trainedFrom({ losses }: Run): number {
  const first = losses.find((row) => 'cross_entropy' in row.losses);
  return first ? first.epoch + 1 : 0;
}

function withIntervals(drawn: Curves, tested: ReportData['tested']): Curves {
  const lines = drawn.lines.map((line) => {
    const last = line.points.at(-1)?.[1] ?? undefined;
    if (tested === undefined || last === undefined) return line;
    const [low, high] = intervalOf(last, tested);
    return { ...line, interval: [round(low), round(high)] as const };
  });
  return { ...drawn, lines };
}

const LOSS_TITLES: Readonly<Record<string, string>> = {
  total: 'Total loss',
  cross_entropy: 'Cross-entropy',
  sup_con: 'Supervised contrastive loss',
  nt_xent: 'NT-Xent',
  info_nce: 'InfoNCE',
  contrast: 'Focal contrastive loss',
  l_z: 'Contrast of projections (Lz)',
  l_y: 'Contrast through the classifier (Ly)',
  triplet: 'Triplet loss',
  penalty_backbone: 'Penalty of the encoder',
  penalty_head: 'Penalty of the classifier',
};

/** A chart for the total and one for each term; a single term says the same as the total and is left out. */
function lossCurves(methods: readonly Group[]): Curves[] {
  const names = new Set(
    methods.flatMap(({ runs }) => runs.flatMap((run) => run.losses.flatMap((row) => Object.keys(row.losses)))),
  );
  const terms = [...names].filter((name) => name !== 'total');
  const shown = names.has('total') ? ['total', ...(terms.length > 1 ? terms : [])] : terms;
  return shown.map((name) => {
    const title = LOSS_TITLES[name] ?? capital(name.replaceAll('_', ' '));
    return curves(methods, { id: `chart-loss-${name}`, title, axis: 'mean over the epoch (nats)' }, (run) =>
      lossPoints(run, name),
    );
  });
}

const CONTRASTS = [
  ['top1', 'Contrastive top-1', 'nearest is a positive (%)'],
  ['alignment', 'Alignment', 'mean |v − v′|² of positives'],
  ['uniformity', 'Uniformity', 'log mean exp(−2 |v − v′|²)'],
  ['alone', 'Images without positives', 'of their batch (%)'],
] as const;

/** Means over the batches of an epoch; what no run has anything to say of is left out. */
function contrastCurves(methods: readonly Group[]): Curves[] {
  return CONTRASTS.map(([name, title, axis]) =>
    curves(methods, { id: `chart-contrast-${name}`, title, axis }, ({ losses }) =>
      losses.flatMap(({ epoch, contrast }) => {
        const value = contrast?.[name];
        return value === undefined ? [] : [[epoch + 1, value] as const];
      }),
    ),
  ).filter(({ id, lines }) =>
    lines.some(({ points }) => !id.endsWith('alone') || points.some(([, value]) => (value ?? 0) > 0)),
  );
}

function confusions({ runs, classes }: ReportData): Confusion[] {
  if (classes.length <= TABLE_CLASSES) return [];
  return confusedMethods({ runs }).map(({ label, confusion }, i) => {
    const counts = confusion.flatMap((row, y) => row.flatMap((count, x) => (count === 0 ? [] : [y, x, count])));
    const right = confusion.reduce((sum, row, y) => sum + (row[y] as number), 0);
    const all = confusion.flat().reduce((sum, count) => sum + count, 0);
    const text = `${label}: confusion matrix of ${classes.length} classes; ${right} of ${all} test images are on its diagonal, recognised.`;
    return { id: `confusion-${i}`, text, counts };
  });
}

function lossPoints({ losses }: Run, name: string): Points {
  return losses.flatMap(({ epoch, stage, losses: terms }, row) => {
    const value = terms[name];
    if (value === undefined) return [];
    // The total is another sum in another stage, so its line is interrupted there.
    const isNew = name === 'total' && row > 0 && losses[row - 1]!.stage !== stage;
    return [...(isNew ? [[epoch + 0.5, null] as const] : []), [epoch + 1, value] as const];
  });
}

/** What all plots have: reports of trainings that were made apart may differ. */
function planesIn({ before, runs }: ReportData): string[] {
  const plots = [before, ...runs].flatMap((scores) => scores?.features ?? []);
  const [first] = plots;
  return (first?.planes ?? [])
    .map(({ name }) => name)
    .filter((name) => plots.every(({ planes }) => planes.some((plane) => plane.name === name)));
}

function scatters(data: ReportData, methods: readonly Group[]): Scatter[] {
  const { before } = data;
  const names = planesIn(data);
  const panels = [
    { title: 'Checkpoint', scores: before, features: before?.features },
    ...methods.map(({ label, runs }) => {
      const run = runs.find(({ features }) => features !== undefined);
      return { title: label, scores: run, features: run?.features };
    }),
  ];
  return panels.flatMap(({ title, scores, features }, panel) => {
    if (!features || features.labels.length === 0) return [];
    const subtitle = scores?.s_dbw === undefined ? 'S_Dbw undefined' : `S_Dbw ${scores.s_dbw.toFixed(3)}`;
    const { planes, labels, predictions } = features;
    const chosen = sample(labels.length);
    return [
      {
        id: `scatter-${panel}`,
        title,
        subtitle,
        text: `${title}, ${subtitle}: ${chosen.length} features in a plane, coloured by class.`,
        planes: names.map((wanted) => {
          const points = planes.find(({ name }) => name === wanted)!.points;
          return chosen.map((i) => [round(points[i]![0]), round(points[i]![1])] as const);
        }),
        labels: chosen.map((i) => labels[i]!),
        ...(predictions && { predictions: chosen.map((i) => predictions[i]!) }),
        images: chosen,
      },
    ];
  });
}

/** Indices of at most MAX_POINTS points, by chance: regular steps could miss the classes of data in a regular order. */
function sample(count: number): number[] {
  const all = count > MAX_POINTS ? shuffle(count, 0, 0) : Uint32Array.from({ length: count }, (_, i) => i);
  return [...all.subarray(0, MAX_POINTS)];
}

/** Four digits are finer than a pixel. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
