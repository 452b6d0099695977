import type { Device } from '../gpu/device.ts';
import { type SDbwOptions, sDbw } from '../metrics/s_dbw.ts';
import type { Case, Results } from './case.ts';

/** Where the score is undefined (two clusters are empty around their centre), the package raises an error; it counts as NaN. */
export async function runSDbw(_device: Device, { inputs, attrs }: Case): Promise<Results> {
  const { features, labels } = inputs;
  if (!features || !labels) throw new Error('the case needs input.features and input.labels');
  try {
    const { score } = sDbw(features.data as Float32Array, labels.data as Int32Array, {
      method: attrs.method as NonNullable<SDbwOptions['method']>,
      center: attrs.center as NonNullable<SDbwOptions['center']>,
      nearest_center: attrs.nearest_center === true,
    });
    return { 'output.score': [score] };
  } catch (error) {
    if (attrs.score_is_nan === true) return { 'output.score': [Number.NaN] };
    throw error;
  }
}
