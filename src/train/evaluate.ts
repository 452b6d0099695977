import { type Augmentation, augment, evaluationView } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import { allIndices } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import { compile, type Program, type Readback } from '../gpu/program/program.ts';
import { calibrationError } from '../metrics/calibration.ts';
import { type Confusion, confusion } from '../metrics/confusion.ts';
import { knn, type LabelledFeatures } from '../metrics/knn.ts';
import { sDbwInTurns } from '../metrics/s_dbw.ts';
import { argmax, topK } from '../metrics/top_k.ts';
import type { Model } from '../nn/model.ts';
import { COUNT, checkNumber } from '../tape/check.ts';
import { createTape } from '../tape/tape.ts';
import { nonFinite } from '../weights/finite.ts';
import type { EvaluationProgress, Scores } from './events.ts';
import { probabilities } from './inference.ts';

/** Scores of a model on a data set, and the features [n, dim] that they are of. */
export interface Evaluation {
  readonly scores: Scores;
  readonly features: Float32Array;
  readonly labels: Int32Array;
  /** What the classifier says of each image. Absent without one. */
  readonly answers?: Answers;
  /** Features and classes of the images among which neighbours were looked for. */
  readonly bank?: LabelledFeatures;
}

/** A classifier's answers to n images. */
export interface Answers {
  /** The class of each image's largest logit, as PyTorch's argmax has it. */
  readonly predictions: Int32Array;
  /** The probability of that class, 0 to 1. */
  readonly confidences: Float32Array;
  readonly confusion: Confusion;
}

/** Tells how far it is, at first and after each batch. Can be called again and again while the model trains. */
export type Evaluator = () => AsyncGenerator<EvaluationProgress, Evaluation>;

/** Seed and step: evaluation draws no random number. */
const NOTHING_DRAWN = new Uint32Array(2);

/** Batches that are on their way while the next one is prepared, so that the GPU never waits for the host. */
const AHEAD = 4;

/** How a model is evaluated. */
export interface EvaluatorOptions {
  /** Images at a time, 64 unless given. */
  readonly batch?: number;
  /** How images are seen: not augmented unless given. */
  readonly view?: Augmentation;
  /** Labelled images, among which the neighbours of the evaluated ones are looked for; without them there is no k-NN accuracy. */
  readonly bank?: Bank | undefined;
  /** The numbers of the images that are evaluated; all unless given. */
  readonly images?: Uint32Array | undefined;
}

/** Images of a data set: those with the given numbers, or all. */
export interface Bank {
  readonly data: Dataset;
  readonly images?: Uint32Array | undefined;
}

/** How many of the classes that are taken for most likely count as right in the second accuracy, where there are more. */
const SEVERAL = 5;

/**
 * Compiles the evaluation of a model (running statistics, no augmentation but a size) on all of `data`, or some of its images. Throws when `batch` is
 * no whole number of at least 1; an evaluation throws when it meets features or logits that are no finite numbers.
 */
export async function createEvaluator(
  device: Device,
  model: Model,
  data: Dataset,
  { batch = 64, view = evaluationView, bank, images }: EvaluatorOptions = {},
): Promise<Evaluator> {
  checkNumber('createEvaluator', 'batch', batch, COUNT);
  const outputsOf = await createForward(device, model, data, { batch, view, images });
  const bankOutputsOf =
    bank &&
    (await createForward(device, { ...model, classifier: undefined }, bank.data, { batch, view, images: bank.images }));
  const labels = labelsOf(data, images);
  const bankLabels = bank && labelsOf(bank.data, bank.images);
  const [before, count] = [bankLabels?.length ?? 0, labels.length];
  const classes = data.classes.length;
  return async function* () {
    const of = before + count;
    const neighbours = bankOutputsOf && (yield* bankOutputsOf({ before: 0, of }));
    const { features, answers } = yield* outputsOf({ before, of });
    const told = answers && { ...answers, confusion: confusion(labels, answers.predictions, classes) };
    const known = bankLabels && neighbours && { features: neighbours.features, labels: bankLabels };
    const voted =
      known && (await knn(device, known, { features, labels }, { classes: (bank as Bank).data.classes.length }));
    const scores = {
      ...(told && accuracies(told, labels)),
      ...(answers && classes > SEVERAL && { top5: (100 * answers.within) / count }),
      ...(voted && { knn: 100 * voted.accuracy }),
      ...(await score(features, labels)),
    };
    return { scores, features, labels, ...(told && { answers: told }), ...(known && { bank: known }) };
  };
}

const labelsOf = ({ labels }: Dataset, images: Uint32Array | undefined): Int32Array =>
  images ? Int32Array.from(images, (index) => labels[index] as number) : labels;

function accuracies(
  { predictions, confidences, confusion: { mean_per_class } }: Answers,
  labels: Int32Array,
): Pick<Scores, 'top1' | 'mean_per_class' | 'ece'> {
  const right = Array.from(predictions, (prediction, i) => prediction === labels[i]);
  return {
    top1: (100 * right.filter(Boolean).length) / labels.length,
    mean_per_class: 100 * mean_per_class,
    ece: 100 * calibrationError(confidences, right),
  };
}

/** What is known of a model's outputs for a data set. */
interface Outputs extends Pick<Evaluation, 'features'> {
  /** `within` counts images whose label is among the largest logits. */
  readonly answers?: Pick<Answers, 'predictions' | 'confidences'> & { readonly within: number };
}

/** What a model makes of all images of a data set; of all that is to be evaluated, `before` images are done. */
type Forward = (progress: { before: number; of: number }) => AsyncGenerator<EvaluationProgress, Outputs>;

async function createForward(
  device: Device,
  model: Pick<Model, 'encoder' | 'classifier'>,
  data: Dataset,
  {
    batch,
    view,
    images: chosen,
  }: Required<Pick<EvaluatorOptions, 'batch' | 'view'>> & Pick<EvaluatorOptions, 'images'>,
): Promise<Forward> {
  const labels = labelsOf(data, chosen);
  const count = labels.length;
  const { dim } = model.encoder;
  const classes = data.classes.length;
  const outputs: string[] = model.classifier ? ['features', 'logits'] : ['features'];
  const programs = new Map<number, Program>();
  for (const size of new Set([Math.min(batch, count), count % batch])) {
    if (size === 0) continue;
    const tape = createTape(device.target, { grad: false });
    const { images } = augment(tape, data, size, view);
    const features = model.encoder.forward(tape, images, false);
    tape.output('features', features);
    if (model.classifier) tape.output('logits', model.classifier(tape, features, false));
    programs.set(size, await compile(device, tape));
  }
  return async function* ({ before, of }) {
    const features = new Float32Array(count * dim);
    const predictions = new Int32Array(count);
    const confidences = new Float32Array(count);
    let within = 0;
    const all = Uint32Array.from(chosen ?? allIndices(count));
    const batches = Array.from({ length: Math.ceil(count / batch) }, (_, i) => all.slice(i * batch, (i + 1) * batch));
    data.feed?.plan(batches);
    const pending: { from: number; readback: Readback<string> }[] = [];
    yield { images: before, of };
    for (let from = 0; from < count || pending.length > 0; from += batch) {
      if (from < count) {
        const own = batches[from / batch] as (typeof batches)[number];
        const indices = (await data.feed?.bring(device, own)) ?? own;
        const readback = (programs.get(own.length) as Program).run({ indices, counter: NOTHING_DRAWN }, outputs);
        pending.push({ from, readback });
        if (pending.length <= AHEAD) continue;
      }
      const oldest = pending.shift() as (typeof pending)[number];
      const read = await oldest.readback.read();
      const end = Math.min(oldest.from + batch, count);
      for (const name of outputs) {
        const value = nonFinite(read[name] as Float32Array);
        if (value !== undefined)
          throw new Error(
            `The ${name} of ${data.name} are no finite numbers (${value} among images ${oldest.from} to ${end - 1}), so they cannot be scored; the model is broken, or was trained with too high a learning rate.`,
          );
      }
      features.set(read.features as Float32Array, oldest.from * dim);
      if (read.logits) {
        const logits = read.logits as Float32Array;
        const largest = argmax(logits, classes);
        const shares = probabilities(logits, classes);
        predictions.set(largest, oldest.from);
        confidences.set(
          shares.map((own, row) => own[largest[row] as number] as number),
          oldest.from,
        );
        within += topK(logits, labels.subarray(oldest.from, end), [SEVERAL]).correct[0] as number;
      }
      yield { images: before + end, of };
    }
    return { features, ...(model.classifier && { answers: { predictions, confidences, within } }) };
  };
}

/** Evaluates to the end, telling how far it is. */
export async function evaluate(
  evaluator: Evaluator,
  tell: (progress: EvaluationProgress) => void = () => {},
): Promise<Evaluation> {
  const running = evaluator();
  for (let next = await running.next(); ; next = await running.next()) {
    if (next.done) return next.value;
    tell(next.value);
  }
}

/** COIN's measure of features, or why it is undefined. */
async function score(features: Float32Array, labels: Int32Array): Promise<Pick<Scores, 's_dbw' | 's_dbw_undefined'>> {
  try {
    return { s_dbw: await sDbwInTurns(features, labels) };
  } catch (error) {
    return { s_dbw_undefined: (error as Error).message };
  }
}
