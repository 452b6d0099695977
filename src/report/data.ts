// What a report is made of, and how runs of the trainer become it.
import type { Contrast } from '../train/contrast.ts';
import type { Scores, TrainEvent } from '../train/events.ts';

/** How well a model does on the test images; a score is absent where it is undefined. */
export interface FlatScores {
  /** Percent of the test images. */
  readonly top1?: number;
  /** Percent of the test images, where there are more than five classes. */
  readonly top5?: number;
  /** The mean of the classes' percentages. */
  readonly mean_per_class?: number;
  /** The expected calibration error in percent. */
  readonly ece?: number;
  /** Of the nearest neighbours among labelled images, in percent of the test images. */
  readonly knn?: number;
  /** Of a linear classifier that was trained on features as they are, in percent of the test images. */
  readonly probe?: number;
  readonly s_dbw?: number;
  readonly scat?: number;
  readonly dens_bw?: number;
  /** Why S_Dbw is absent, as a sentence. */
  readonly s_dbw_undefined?: string;
}

/** Features laid into planes, one point an image, with the images' classes. */
export interface FeaturePlot {
  /** The ways in which it is done, all of the same images in the same order; the first is shown at first. */
  readonly planes: readonly Plane[];
  readonly labels: ArrayLike<number>;
  /** What each image was taken for; absent where nothing was. */
  readonly predictions?: ArrayLike<number>;
}

/** Points of a plane, and how they came there, such as "UMAP". */
export interface Plane {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A test image that is taken for another class than its own. */
export interface Mistake {
  /** Its number among the test images. */
  readonly image: number;
  readonly label: number;
  readonly prediction: number;
  /** Of the prediction, 0 to 1. */
  readonly confidence: number;
}

/** Small pictures of images, side by side in one. */
export interface Thumbnails {
  /** A `data:` URL of a picture of `columns` pictures a row, in the order of the points. */
  readonly url: string;
  readonly columns: number;
  /** Of one of them, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** What is known of a run before it starts. */
export interface RunMeta {
  /** The method's name on the command line, and the one for people. */
  readonly method: string;
  readonly title: string;
  /** The share of epochs in the first stage; 0 for methods without one. */
  readonly alpha: number;
  readonly seed: number;
  /** All that the run was made from, as JSON. */
  readonly setup?: object;
}

/** Counts by true class and prediction. */
export type ConfusionMatrix = readonly (readonly number[])[];

/** One training run: a method with one seed, or the scores of a checkpoint. */
export interface Run extends RunMeta, FlatScores {
  /** Epochs trained. */
  readonly epochs: number;
  /** Of training, evaluations not counted; absent for a checkpoint. */
  readonly seconds?: number;
  /** The share of the time that steps waited for images, where these were brought batch by batch. */
  readonly waiting?: number;
  /** Epochs trained when the method went over to its second stage; absent for methods with one stage. */
  readonly stageSwitch?: number;
  /** Means over each epoch; `epoch` counts from 0. */
  readonly losses: readonly {
    epoch: number;
    stage: string;
    losses: Readonly<Record<string, number>>;
    /** How well the features of a contrastive loss find each other. */
    contrast?: Contrast;
    /** The learning rate with which the epoch began. */
    lr?: number;
    /** Of training up to its end. */
    seconds?: number;
  }[];
  /** `epoch` is the number of epochs trained so far. */
  readonly evaluations: readonly ({ epoch: number } & FlatScores)[];
  readonly features?: FeaturePlot;
  /** How many test images of each class, by row, were taken for each class, by column. */
  readonly confusion?: ConfusionMatrix;
  /** The mistakes that were made with the highest probability, this first. */
  readonly mistakes?: readonly Mistake[];
  /** Where the scores are not the last epoch's: by which rule a model was chosen, and after how many epochs. */
  readonly selected?: { readonly rule: string; readonly epoch: number };
}

/** A run that a training made. */
export type Trained = Run & Required<Pick<Run, 'seconds'>>;

/** All that `renderReport` and the tables show. */
export interface ReportData {
  readonly title: string;
  readonly adapter: string;
  /** When the report was made, for people. */
  readonly created: string;
  /** Hyper-parameters by name. A setting called `checkpoint` is also named in the summary. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** The names of the classes, by label. */
  readonly classes: readonly string[];
  /** How many test images the scores are of; without it nothing tells how far chance in their choice goes. */
  readonly tested?: number;
  readonly runs: readonly Run[];
  /** What every run starts from: a checkpoint, or what `label` says. */
  readonly before?: FlatScores & { readonly features?: FeaturePlot; readonly label?: string };
  /** The plotted images, where every plot shows the same ones in the same order. */
  readonly thumbnails?: Thumbnails;
  /** Pictures of the runs' mistakes, in the order of `images`. */
  readonly mistaken?: Thumbnails & { readonly images: readonly number[] };
}

/** One run in `results.json`. */
export interface Result {
  method: string;
  top1: number | null;
  /** These only where they were computed. */
  top5?: number;
  mean_per_class?: number;
  ece?: number;
  knn?: number;
  probe?: number;
  s_dbw: number | null;
  scat: number | null;
  dens_bw: number | null;
  seconds: number | null;
  epochs: number;
  alpha: number;
  adapter: string;
  seed: number;
  /** The names of the classes, the percentage of each class's images that is right (null without images), and counts by true class and prediction. */
  classes?: readonly string[];
  per_class?: readonly (number | null)[];
  confusion?: ConfusionMatrix;
}

/** The content of `results.json`: one object a run, with null for a score that is undefined, and what it was made from. */
export function results({ adapter, runs, classes }: ReportData): Result[] {
  return runs.map((run) => {
    const { method, top1, top5, mean_per_class, ece, knn, probe, s_dbw, scat, dens_bw } = run;
    const { seconds, epochs, alpha, seed, setup, selected, confusion } = run;
    return {
      method,
      top1: top1 ?? null,
      ...(top5 !== undefined && { top5 }),
      ...(mean_per_class !== undefined && { mean_per_class }),
      ...(ece !== undefined && { ece }),
      ...(knn !== undefined && { knn }),
      ...(probe !== undefined && { probe }),
      s_dbw: s_dbw ?? null,
      scat: scat ?? null,
      dens_bw: dens_bw ?? null,
      seconds: seconds ?? null,
      ...{ epochs, alpha, adapter, seed },
      ...(confusion && { classes, per_class: classShares(confusion).map(({ right }) => right ?? null), confusion }),
      ...(selected && { selected }),
      ...setup,
    };
  });
}

/** What became of a class's test images. */
export interface ClassShare {
  readonly label: number;
  readonly images: number;
  /** Percent of them that was recognised; absent where there are none. */
  readonly right?: number;
  /** What most of the others were taken for, the first of equals, and in how many percent of the class's images. */
  readonly taken?: { readonly label: number; readonly percent: number };
}

/** Class by class, in order. */
export function classShares(confusion: ConfusionMatrix): ClassShare[] {
  return confusion.map((row, label) => {
    const images = row.reduce((sum, count) => sum + count, 0);
    if (images === 0) return { label, images };
    const wrong = row.map((count, prediction) => (prediction === label ? 0 : count));
    const most = Math.max(...wrong);
    return {
      ...{ label, images, right: (100 * (row[label] as number)) / images },
      ...(most > 0 && { taken: { label: wrong.indexOf(most), percent: (100 * most) / images } }),
    };
  });
}

/**
 * Keeps what a report tells of a training from its events. The scores are those of the last evaluation. Where the training goes
 * on from an earlier place, what was told of what lies behind that is left out.
 */
export function follow(meta: RunMeta): { add(event: TrainEvent): void; run(): Trained } {
  let losses: Run['losses'][number][] = [];
  let evaluations: Run['evaluations'][number][] = [];
  const stages = new Set<number>();
  let seconds = 0;
  const waits: number[] = [];
  return {
    add(event) {
      if (event.type === 'start') {
        const { epoch, evaluated } = event.from ?? { epoch: 0, evaluated: -1 };
        losses = losses.filter((told) => told.epoch < epoch);
        evaluations = evaluations.filter((told) => told.epoch <= evaluated);
      }
      if (event.type === 'stage') stages.add(event.epoch);
      if (event.type === 'step' && event.waiting !== undefined) waits.push(event.waiting);
      if (event.type === 'epoch') {
        const { epoch, stage, lr } = event;
        const { contrast } = event;
        losses.push({ epoch, stage, lr, seconds: event.seconds, losses: event.losses, ...(contrast && { contrast }) });
      }
      if (event.type === 'evaluation') evaluations.push({ epoch: event.epoch, ...flatten(event) });
      if (event.type === 'epoch' || event.type === 'end') seconds = event.seconds;
    },
    run() {
      const [, stageSwitch] = stages;
      const { epoch: _, ...scores } = evaluations.at(-1) ?? { epoch: 0 };
      return {
        ...meta,
        ...scores,
        // A training that was stopped early has fewer epochs than it was started with.
        epochs: (losses.at(-1)?.epoch ?? -1) + 1,
        seconds,
        ...(waits.length > 0 && { waiting: waits.reduce((sum, share) => sum + share, 0) / waits.length }),
        ...(stageSwitch !== undefined && { stageSwitch }),
        losses,
        evaluations,
      };
    },
  };
}

/** Follows a training to its end. */
export async function collect(
  meta: RunMeta,
  events: AsyncIterable<TrainEvent> | Iterable<TrainEvent>,
): Promise<Trained> {
  const { add, run } = follow(meta);
  for await (const event of events) add(event);
  return run();
}

/** The scores of an evaluation with the terms of S_Dbw beside it. */
export function flatten({ s_dbw, ...scores }: Scores): FlatScores {
  const kept = (['top1', 'top5', 'mean_per_class', 'ece', 'knn', 's_dbw_undefined'] as const).filter(
    (name) => scores[name] !== undefined,
  );
  return {
    ...Object.fromEntries(kept.map((name) => [name, scores[name]])),
    ...(s_dbw && { s_dbw: s_dbw.score, scat: s_dbw.scat, dens_bw: s_dbw.dens_bw }),
  };
}

/** The runs of one method with equal settings, which differ in their seeds alone. */
export interface Group {
  /** The method's title, with what tells it from others of the same title. */
  readonly label: string;
  readonly runs: readonly [Run, ...Run[]];
}

/** The runs in groups, in order of appearance. */
export function groups(runs: readonly Run[]): Group[] {
  const byKey = new Map<string, [Run, ...Run[]]>();
  for (const run of runs) {
    const key = JSON.stringify([run.title, run.alpha, run.epochs]);
    const known = byKey.get(key);
    if (known) known.push(run);
    else byKey.set(key, [run]);
  }
  const all = [...byKey.values()];
  return all.map((members) => {
    const [{ title, alpha, epochs }] = members;
    const namesakes = all.map(([run]) => run).filter((run) => run.title === title);
    const label = [
      title,
      ...(namesakes.some((run) => run.alpha !== alpha) ? [`α = ${alpha}`] : []),
      ...(namesakes.some((run) => run.epochs !== epochs) ? [`${epochs} epochs`] : []),
    ].join(', ');
    return { label, runs: members };
  });
}

/** Mean and sample standard deviation; `sd` is absent for a single value. */
export interface Statistic {
  readonly mean: number;
  readonly sd?: number;
}

/** The statistic of the values that are there; undefined when there is none. */
export function statistic(values: readonly (number | undefined)[]): Statistic | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (known.length === 1) return { mean };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (known.length - 1)) };
}
