import { augment, evaluationView } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import { type SDbw, sDbw } from '../metrics/s_dbw.ts';
import type { Model } from '../nn/model.ts';
import { countCorrect } from '../ops/cross_entropy.ts';
import { createTape } from '../tape/tape.ts';
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

/** Compiles the evaluation of a model (running statistics, no augmentation) on all of `data`, `batch` images at a time. */
export async function createEvaluator(device: Device, model: Model, data: Dataset, batch = 250): Promise<Evaluator> {
  const count = data.labels.length;
  const { dim } = model.encoder;
  const programs = new Map<number, Program>();
  for (const size of new Set([Math.min(batch, count), count % batch])) {
    if (size === 0) continue;
    const tape = createTape(device.target, { grad: false });
    const { images, labels } = augment(tape, data, size, evaluationView);
    const features = model.encoder.forward(tape, images, false);
    tape.output('features', features);
    if (model.classifier) tape.output('correct', countCorrect(tape, model.classifier(tape, features, false), labels));
    programs.set(size, await compile(device, tape));
  }
  return async () => {
    const features = new Float32Array(count * dim);
    let correct = 0;
    for (let from = 0; from < count; from += batch) {
      const size = Math.min(batch, count - from);
      const indices = Uint32Array.from({ length: size }, (_, i) => from + i);
      const outputs: string[] = model.classifier ? ['features', 'correct'] : ['features'];
      const read = await (programs.get(size) as Program).run({ indices, counter: NOTHING_DRAWN }, outputs).read();
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
