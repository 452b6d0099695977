import type { Device } from '../gpu/device.ts';
import { type SDbwOptions, sDbw } from '../metrics/s_dbw.ts';
import type { Case } from './case.ts';
import type { Results } from './runner.ts';

/** Where the case's `score_is_nan` says that the package raises an error, ours must too. */
export async function runSDbw(_device: Device, { inputs, attrs, outputs }: Case): Promise<Results> {
  const { features, labels } = inputs;
  if (!features || !labels || !outputs.score)
    throw new Error('the case needs input.features, input.labels and output.score');
  const score = () =>
    sDbw(features.data as Float32Array, labels.data as Int32Array, {
      method: attrs.method as NonNullable<SDbwOptions['method']>,
      center: attrs.center as NonNullable<SDbwOptions['center']>,
      nearest_center: attrs.nearest_center === true,
    }).score;
  if (attrs.score_is_nan !== true) return { 'output.score': [score()] };
  try {
    score();
  } catch {
    return { 'output.score': outputs.score.data as Float32Array };
  }
  throw new Error('an error was due (two clusters of density zero), but a score came');
}
