import { type Augmentation, augment, evaluationView } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import { type SDbw, sDbw } from '../metrics/s_dbw.ts';
import type { Model } from '../nn/model.ts';
import { countCorrect } from '../ops/cross_entropy.ts';
import { sum } from '../ops/reduce.ts';
import { createTape } from '../tape/tape.ts';
import { nonFinite } from '../weights/finite.ts';
import type { Scores } from './events.ts';

/** Scores of a model on a data set, and the features [n, dim] that they are of. */
export interface Evaluation {
  readonly scores: Scores;
  readonly features: Float32Array;
  readonly labels: Int32Array;
}

/** Can be called again and again while the model trains. */
export type Evaluator = () => Promise<Evaluation>;

/** Seed and step: evaluation draws no random number. */
const NOTHING_DRAWN = new Uint32Array(2);

/**
 * Compiles the evaluation of a model (running statistics, no augmentation but a size) on all of `data`, `batch` images at a
 * time. It throws when it meets features or logits that are no finite numbers.
 */
export async function createEvaluator(
  device: Device,
  model: Model,
  data: Dataset,
  { batch = 250, view = evaluationView }: { batch?: number; view?: Augmentation } = {},
): Promise<Evaluator> {
  const count = data.labels.length;
  const { dim } = model.encoder;
  const programs = new Map<number, Program>();
  for (const size of new Set([Math.min(batch, count), count % batch])) {
    if (size === 0) continue;
    const tape = createTape(device.target, { grad: false });
    const { images, labels } = augment(tape, data, size, view);
    const features = model.encoder.forward(tape, images, false);
    tape.output('features', features);
    if (model.classifier) {
      const logits = model.classifier(tape, features, false);
      tape.output('correct', countCorrect(tape, logits, labels));
      // A sum is finite just where all its terms are.
      tape.output('logits', sum(tape, logits));
    }
    programs.set(size, await compile(device, tape));
  }
  return async () => {
    const features = new Float32Array(count * dim);
    let correct = 0;
    for (let from = 0; from < count; from += batch) {
      const size = Math.min(batch, count - from);
      const indices = Uint32Array.from({ length: size }, (_, i) => from + i);
      const outputs: string[] = model.classifier ? ['features', 'logits', 'correct'] : ['features'];
      const read = await (programs.get(size) as Program).run({ indices, counter: NOTHING_DRAWN }, outputs).read();
      for (const name of ['features', 'logits']) {
        const value = nonFinite((read[name] ?? new Float32Array()) as Float32Array);
        if (value !== undefined)
          throw new Error(
            `The ${name} of ${data.name} are no finite numbers (${value} among images ${from} to ${from + size - 1}), so they cannot be scored; the model is broken, or was trained with too high a learning rate.`,
          );
      }
      features.set(read.features as Float32Array, from * dim);
      correct += read.correct?.[0] ?? 0;
    }
    const scores = {
      ...(model.classifier && { top1: (100 * correct) / count }),
      ...score(features, data.labels),
    };
    return { scores, features, labels: data.labels };
  };
}

/** COIN's measure of features; undefined for features so spread that two clusters are empty around their centre. */
function score(features: Float32Array, labels: Int32Array): { s_dbw?: SDbw } {
  try {
    return { s_dbw: sDbw(features, labels) };
  } catch {
    return {};
  }
}
