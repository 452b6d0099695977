import { type Augmentation, augment, evaluationView } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import { allIndices } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import { compile, type Program, type Readback } from '../gpu/program/program.ts';
import { knn } from '../metrics/knn.ts';
import { sDbwInTurns } from '../metrics/s_dbw.ts';
import { argmax } from '../metrics/top_k.ts';
import type { Model } from '../nn/model.ts';
import { COUNT, checkNumber } from '../tape/check.ts';
import { createTape } from '../tape/tape.ts';
import { nonFinite } from '../weights/finite.ts';
import type { EvaluationProgress, Scores } from './events.ts';

/** Scores of a model on a data set, and the features [n, dim] that they are of. */
export interface Evaluation {
  readonly scores: Scores;
  readonly features: Float32Array;
  readonly labels: Int32Array;
  /** The class of each image's largest logit, as PyTorch's argmax has it. Absent without a classifier. */
  readonly predictions?: Int32Array;
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
  readonly bank?: Dataset;
  /** The numbers of those of the bank; all unless given. */
  readonly bankImages?: Uint32Array | undefined;
  /** The numbers of the images that are evaluated; all unless given. */
  readonly images?: Uint32Array | undefined;
}

/**
 * Compiles the evaluation of a model (running statistics, no augmentation but a size) on all of `data`, or some of its images. Throws when `batch` is
 * no whole number of at least 1; an evaluation throws when it meets features or logits that are no finite numbers.
 */
export async function createEvaluator(
  device: Device,
  model: Model,
  data: Dataset,
  { batch = 64, view = evaluationView, bank, bankImages, images }: EvaluatorOptions = {},
): Promise<Evaluator> {
  checkNumber('createEvaluator', 'batch', batch, COUNT);
  const outputsOf = await createForward(device, model, data, { batch, view, images });
  const bankOutputsOf =
    bank &&
    (await createForward(device, { ...model, classifier: undefined }, bank, { batch, view, images: bankImages }));
  const labels = labelsOf(data, images);
  const bankLabels = bank && labelsOf(bank, bankImages);
  const [before, count] = [bankLabels?.length ?? 0, labels.length];
  return async function* () {
    const of = before + count;
    const neighbours = bankOutputsOf && (yield* bankOutputsOf({ before: 0, of }));
    const { features, predictions } = yield* outputsOf({ before, of });
    const correct = predictions?.reduce((sum, prediction, i) => sum + Number(prediction === labels[i]), 0);
    const voted =
      bank &&
      bankLabels &&
      neighbours &&
      (await knn(
        device,
        { features: neighbours.features, labels: bankLabels },
        { features, labels },
        { classes: bank.classes.length },
      ));
    const scores = {
      ...(correct !== undefined && { top1: (100 * correct) / count }),
      ...(voted && { knn: 100 * voted.accuracy }),
      ...(await score(features, labels)),
    };
    return { scores, features, labels, ...(predictions && { predictions }) };
  };
}

const labelsOf = ({ labels }: Dataset, images: Uint32Array | undefined): Int32Array =>
  images ? Int32Array.from(images, (index) => labels[index] as number) : labels;

/** What a model makes of all images of a data set; of all that is to be evaluated, `before` images are done. */
type Forward = (progress: {
  before: number;
  of: number;
}) => AsyncGenerator<EvaluationProgress, Pick<Evaluation, 'features' | 'predictions'>>;

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
  const count = chosen?.length ?? data.labels.length;
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
      if (read.logits) predictions.set(argmax(read.logits, classes), oldest.from);
      yield { images: before + end, of };
    }
    return { features, ...(model.classifier && { predictions }) };
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
