// Shows a training on a terminal, or as plain lines in a file or a pipe.
import cliProgress from 'cli-progress';
import type { Preparation } from '../methods/method.ts';
import type { Contrast } from '../train/contrast.ts';
import { type Evaluator, evaluate } from '../train/evaluate.ts';
import type { EvaluationProgress, TrainEvent } from '../train/events.ts';
import { type Forecast, forecaster } from './forecast.ts';

export interface ProgressOptions {
  /** What is trained: the head of the bar or of every line. */
  readonly title: string;
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Milliseconds between plain lines, not counting those for stages and evaluations. */
  readonly every?: number;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

type Of<T extends TrainEvent['type']> = Extract<TrainEvent, { type: T }>;

/** Where a training is. */
interface Position {
  /** Epochs, with the fraction of the one that runs. */
  readonly done: number;
  readonly epochs: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** The share of time that steps waited for images, where these are brought batch by batch. */
  readonly waiting?: number | undefined;
  /** Of an epoch that is just done, where its loss is contrastive. */
  readonly contrast?: Contrast | undefined;
  /** Milliseconds that training will still take; undefined as long as nothing tells. */
  readonly left?: number;
}

/** A way of showing a training. */
interface Display {
  start(event: Of<'start'>): void;
  notice(message: string): void;
  stage(event: Of<'stage'>): void;
  move(position: Position): void;
  preparing(event: Preparation): void;
  evaluating(event: EvaluationProgress): void;
  /** `contrast` is of the epoch before. */
  evaluation(event: Of<'evaluation'>, contrast: Contrast | undefined): void;
  end(event: Of<'end'>): void;
  /** Leaves the stream in order, also after an error. */
  close(): void;
}

/** Passes events through and shows them: as a bar on a terminal, elsewhere as a line now and then. */
export async function* showProgress(
  events: AsyncIterable<TrainEvent>,
  options: ProgressOptions,
): AsyncGenerator<TrainEvent> {
  const display = options.stream.isTTY ? bar(options) : lines(options);
  const { now = () => performance.now() } = options;
  let contrast: Contrast | undefined;
  const [forecastAt, follow, announce] = [forecaster(), follower(), announcer()];
  try {
    for await (const event of events) {
      const forecast = forecastAt(event, now());
      const position = follow(event, forecast);
      if (position) {
        const message = announce(forecast);
        if (message !== undefined) display.notice(message);
        display.move(position);
      }
      if (event.type === 'start') display.start(event);
      if (event.type === 'notice') display.notice(event.message);
      if (event.type === 'stage') display.stage(event);
      if (event.type === 'preparing') display.preparing(event);
      if (event.type === 'evaluating') display.evaluating(event);
      if (event.type === 'epoch') contrast = event.contrast;
      if (event.type === 'evaluation') display.evaluation(event, contrast);
      if (event.type === 'end') display.end(event);
      yield event;
    }
  } finally {
    display.close();
  }
}

/** Turns the events of steps and epochs into positions. */
export function follower(): (event: TrainEvent, forecast: Forecast | undefined) => Position | undefined {
  let epochs = 0;
  let stepsPerEpoch = 1;
  let imagesPerSecond = 0;
  let waiting: number | undefined;
  return (event, forecast) => {
    if (event.type === 'start') ({ epochs, stepsPerEpoch } = event);
    if (event.type === 'step') ({ imagesPerSecond, waiting } = event);
    if (event.type !== 'step' && event.type !== 'epoch') return undefined;
    // An epoch is done with its own event and not with its last step.
    const share =
      event.type === 'epoch' ? 1 : Math.min(0.999, (event.step + 1 - event.epoch * stepsPerEpoch) / stepsPerEpoch);
    const { losses } = event;
    return {
      done: event.epoch + share,
      epochs,
      loss: losses.total ?? Object.values(losses)[0] ?? Number.NaN,
      imagesPerSecond,
      waiting,
      ...(event.type === 'epoch' && { contrast: event.contrast }),
      ...(forecast && { left: forecast.left }),
    };
  };
}

/** Milliseconds after which a forecast from the first steps is made again. */
const SETTLED = 60_000;

/** Says how long the whole run takes: from its first steps, and again when it has been measured for longer. */
function announcer(): (forecast: Forecast | undefined) => string | undefined {
  let told = 0;
  return (forecast) => {
    if (!forecast || told === 2 || (told === 1 && forecast.spent < SETTLED)) return undefined;
    told = forecast.spent < SETTLED ? 1 : 2;
    const { spent, left, evaluation } = forecast;
    const evaluated =
      evaluation > 0.1 * left ? `, ${Math.round((100 * evaluation) / left)} % of what is left evaluation` : '';
    return `the whole run takes about ${duration((spent + left) / 1000)}${evaluated}`;
  };
}

function lines({ title, stream, every = 10_000, now = () => performance.now() }: ProgressOptions): Display {
  let epochs = 0;
  let lastLine = Number.NEGATIVE_INFINITY;
  const print = (...parts: string[]) => stream.write(`${title}: ${parts.join(', ')}\n`);
  const isSoon = () => {
    if (now() - lastLine < every) return true;
    lastLine = now();
    return false;
  };
  return {
    start: (event) => {
      epochs = event.epochs;
      print(
        `${epochs} epochs of ${count(event.images)} images, ${count(event.parameters)} parameters, ${event.adapter}`,
      );
    },
    notice: print,
    stage: ({ stage }) => print(`${stage} begins`),
    move: (position) => {
      if (isSoon() && position.done < epochs) return;
      print(...describe(position));
    },
    preparing: (progress) => {
      if (!isSoon()) print(describePreparation(progress));
    },
    evaluating: (progress) => {
      if (progress.images > 0 && !isSoon()) print(describeEvaluation(progress));
    },
    evaluation: (event, contrast) =>
      print(
        event.epoch === 0 ? 'at first' : `after epoch ${event.epoch}/${epochs}`,
        ...scores(event),
        ...describeContrast(contrast),
      ),
    end: ({ seconds }) => print(`trained in ${duration(seconds)}`),
    close: () => {},
  };
}

const BAR = 20;

function bar({ title, stream }: ProgressOptions): Display {
  const drawn = new cliProgress.SingleBar({
    stream,
    format: '{title} {bar} {text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: BAR,
    // Otherwise the terminal is told not to wrap lines, which a killed process would leave behind.
    linewrap: true,
  });
  let epochs = 0;
  let status: string[] = [];
  let latest: string[] = [];
  let evaluating: string[] = [];
  /** As much as fits into the line: whole parts, the most important ones first. */
  const text = () => {
    const parts = [...evaluating, ...status, ...latest];
    const room = (stream.columns ?? 80) - [...title].length - BAR - 2;
    while (parts.length > 1 && parts.join(', ').length > room) parts.pop();
    return { text: parts.join(', ') };
  };
  return {
    start: (event) => {
      epochs = event.epochs;
      status = ['preparing'];
      drawn.start(epochs, 0, { title, ...text() });
    },
    notice: (message) => {
      // The bar moves on to the next line.
      drawn.stop();
      stream.write(`${title}: ${message}\n`);
      drawn.start(epochs, 0, { title, ...text() });
    },
    stage: () => {},
    move: (position) => {
      status = describe(position);
      drawn.update(position.done, text());
    },
    preparing: (progress) => {
      status = [describePreparation(progress)];
      drawn.update(text());
    },
    evaluating: (progress) => {
      evaluating = [describeEvaluation(progress)];
      drawn.update(text());
    },
    evaluation: (event, contrast) => {
      evaluating = [];
      latest = [...scores(event), ...describeContrast(contrast)];
      drawn.update(text());
    },
    end: ({ seconds }) => {
      status = [`trained in ${duration(seconds)}`];
      drawn.update(text());
      drawn.stop();
    },
    close: () => drawn.stop(),
  };
}

function describe({ done, epochs, loss, contrast, imagesPerSecond, waiting, left }: Position): string[] {
  return [
    `epoch ${Math.max(1, Math.ceil(done))}/${epochs}`,
    `loss ${loss.toFixed(4)}`,
    ...describeContrast(contrast),
    ...(imagesPerSecond > 0 ? [`${count(imagesPerSecond)} images/s`] : []),
    ...(waiting === undefined ? [] : [`waiting for images ${(100 * waiting).toFixed(0)} % of the time`]),
    ...(left !== undefined && done < epochs ? [`${duration(left / 1000)} left`] : []),
  ];
}

function describeContrast(contrast: Contrast | undefined): string[] {
  if (!contrast) return [];
  const { alone, top1, alignment, uniformity } = contrast;
  return [
    ...(top1 === undefined ? [] : [`contrastive top-1 ${top1.toFixed(1)} %`]),
    ...(alignment === undefined ? [] : [`alignment ${alignment.toFixed(3)}`]),
    `uniformity ${uniformity.toFixed(2)}`,
    ...(alone >= 0.05 ? [`${alone.toFixed(1)} % without positives`] : []),
  ];
}

const describePreparation = ({ what, done, of }: Preparation): string => `${what}: ${count(done)} of ${count(of)}`;

const describeEvaluation = ({ images, of }: EvaluationProgress): string =>
  `evaluated ${count(images)} of ${count(of)} images`;

function scores({ top1, top5, knn, s_dbw }: Of<'evaluation'>): string[] {
  return [
    ...(top1 === undefined ? [] : [`top-1 ${top1.toFixed(2)} %`]),
    ...(top5 === undefined ? [] : [`top-5 ${top5.toFixed(2)} %`]),
    ...(knn === undefined ? [] : [`k-NN ${knn.toFixed(2)} %`]),
    s_dbw === undefined ? 'S_Dbw undefined' : `S_Dbw ${s_dbw.score.toFixed(3)}`,
  ];
}

/** Evaluates to the end, and shows how far it is where that takes long. */
export function showEvaluation(evaluator: Evaluator, { stream, every = 2000 }: Omit<ProgressOptions, 'title'>) {
  let last = performance.now();
  return evaluate(evaluator, (progress) => {
    if (performance.now() - last < every) return;
    last = performance.now();
    stream.write(`${describeEvaluation(progress)}\n`);
  });
}

const count = (value: number) => Math.round(value).toLocaleString('en');

/** "8.4 s", "42 s", "3 min 5 s", "1 h 12 min". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
