// The k-nearest-neighbour classifier by which encoders are watched while they train without labels: Wu et al., "Unsupervised
// Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018.

import type { Device } from '../gpu/device.ts';
import { similarities } from './similarities.ts';
import { argmax } from './top_k.ts';

/** Features [n, d] of an encoder, row-major, and a class each. */
export interface LabelledFeatures {
  readonly features: Float32Array;
  readonly labels: Int32Array;
}

/** How neighbours vote. */
export interface KnnOptions {
  readonly classes: number;
  /** Neighbours that vote, 200 unless given; all of the bank where it has fewer. */
  readonly k?: number;
  /** 0.1 unless given. */
  readonly temperature?: number;
}

/** What the neighbours say of each query. */
export interface Knn {
  /** The class with the highest score: the first of equals. */
  readonly predictions: Int32Array;
  /** [queries, classes], row-major: the sum of e^(cos/temperature) over the neighbours of the class. */
  readonly scores: Float64Array;
  /** The share of queries whose prediction is their label, 0 to 1. */
  readonly accuracy: number;
}

/**
 * Classifies queries by the labels of the k points of the bank with the highest cosine to each (of equals, the first), weighted
 * by e^(cos/temperature). Features are normalised here; cosines are computed on the device, in strips of queries.
 * Throws when the sizes do not fit, a feature is no finite number, or a label is no class.
 */
export async function knn(
  device: Device,
  bank: LabelledFeatures,
  queries: LabelledFeatures,
  { classes, k = 200, temperature = 0.1 }: KnnOptions,
): Promise<Knn> {
  const stranger = bank.labels.find((label) => !(label >= 0 && label < classes));
  if (stranger !== undefined)
    throw new Error(`knn: the bank has the label ${stranger}, but classes are 0 to ${classes - 1}.`);
  const [n, stored] = [queries.labels.length, bank.labels.length];
  const scores = new Float64Array(n * classes);
  const pointsOf = ({ features, labels }: LabelledFeatures) => ({ features, rows: labels.length });
  for await (const { from, rows, cosines } of similarities(device, pointsOf(queries), pointsOf(bank)))
    for (let row = 0; row < rows; row++) {
      const own = cosines.subarray(row * stored, (row + 1) * stored);
      for (const neighbour of largest(own, k)) {
        const place = (from + row) * classes + (bank.labels[neighbour] as number);
        scores[place] = (scores[place] as number) + Math.exp((own[neighbour] as number) / temperature);
      }
    }
  const predictions = argmax(scores, classes);
  const right = predictions.reduce((sum, prediction, i) => sum + Number(prediction === queries.labels[i]), 0);
  return { predictions, scores, accuracy: right / n };
}

/** The places of the k largest values. Only values above the k-th largest so far are kept, and sorted when they are twice k. */
function largest(values: Float32Array, k: number): number[] {
  let kept: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  const cut = () => {
    kept.sort((a, b) => (values[b] as number) - (values[a] as number));
    kept = kept.slice(0, k);
    if (kept.length === k) least = values[kept[k - 1] as number] as number;
  };
  for (let i = 0; i < values.length; i++) {
    if (!((values[i] as number) > least)) continue;
    kept.push(i);
    if (kept.length >= 2 * k) cut();
  }
  cut();
  return kept;
}
