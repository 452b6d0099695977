import { randomNormal } from '../data/random.ts';
import { type SDbw, type SDbwOptions, sDbw } from '../metrics/s_dbw.ts';
import { median } from '../quantile.ts';

/** Points [labels.length, d], row-major, and their classes. */
export interface LabelledPoints {
  readonly features: Float32Array;
  readonly labels: Int32Array;
}

/** The forms that are timed. */
export const FORMS = ['Tong', 'Kim', 'Halkidi', 'halkidi2001'] as const satisfies readonly SDbwOptions['method'][];

/** What a form gives, and the milliseconds that it takes. */
export interface TimedSDbw extends SDbw {
  readonly form: (typeof FORMS)[number];
  readonly milliseconds: number;
}

/** Like the features of a ResNet, which are none below 0: the positive part of normal points around a centre a class. */
export function madeUpPoints(points: number, dimensions: number, classes: number): LabelledPoints {
  const centers = randomNormal(classes * dimensions, 0.5, 0, 0);
  const labels = Int32Array.from({ length: points }, (_, i) => i % classes);
  const features = randomNormal(points * dimensions, 1, 0, 1);
  for (let i = 0; i < features.length; i++) {
    const own = (Math.floor(i / dimensions) % classes) * dimensions + (i % dimensions);
    features[i] = Math.max(0, (features[i] as number) + (centers[own] as number));
  }
  return { features, labels };
}

/** Computes each form as often as told, on the thread that calls it; `clock` tells milliseconds. Throws as `sDbw` does. */
export const timeSDbw = (
  { features, labels }: LabelledPoints,
  rounds: number,
  clock: () => number = () => performance.now(),
): TimedSDbw[] =>
  FORMS.map((form) => {
    const taken: number[] = [];
    let found: SDbw | undefined;
    for (let round = 0; round < rounds; round++) {
      const start = clock();
      found = sDbw(features, labels, { method: form });
      taken.push(clock() - start);
    }
    return { form, ...(found as SDbw), milliseconds: median(taken) };
  });
