import type { Device } from '../gpu/device.ts';
import { alignment, classAlignment, uniformity } from '../metrics/alignment_uniformity.ts';
import { confusion } from '../metrics/confusion.ts';
import { knn } from '../metrics/knn.ts';
import { type SDbwOptions, sDbw } from '../metrics/s_dbw.ts';
import { topK } from '../metrics/top_k.ts';
import type { Case, Results } from './case.ts';

/** Tensors that the case must have, all f32 but labels and predictions. */
function inputsOf({ inputs }: Case) {
  const need = (name: string) => {
    const tensor = inputs[name];
    if (!tensor) throw new Error(`the case has no input '${name}'`);
    return tensor;
  };
  return {
    f32: (name: string) => need(name).data as Float32Array,
    i32: (name: string) => need(name).data as Int32Array,
    rows: (name: string) => need(name).shape[0] as number,
  };
}

/** Where the score is undefined (two clusters are empty around their centre), the package raises an error; it counts as NaN. */
async function runSDbw(_device: Device, golden: Case): Promise<Results> {
  const { f32, i32 } = inputsOf(golden);
  const { method, center, nearest_center, score_is_nan } = golden.attrs as Required<SDbwOptions> & {
    score_is_nan?: boolean;
  };
  try {
    const parts = sDbw(f32('features'), i32('labels'), { method, center, nearest_center });
    return { 'output.score': [parts.score], 'output.scat': [parts.scat], 'output.dens_bw': [parts.dens_bw] };
  } catch (error) {
    if (score_is_nan === true) return { 'output.score': [Number.NaN] };
    throw error;
  }
}

async function runTopK(_device: Device, golden: Case): Promise<Results> {
  const { f32, i32 } = inputsOf(golden);
  const { accuracy, correct } = topK(f32('logits'), i32('labels'), golden.attrs.k as number[]);
  return { 'output.accuracy': accuracy, 'output.correct': correct };
}

async function runConfusion(_device: Device, golden: Case): Promise<Results> {
  const { i32 } = inputsOf(golden);
  const { matrix, ...shares } = confusion(i32('labels'), i32('predictions'), golden.attrs.num_classes as number);
  return {
    'output.confusion': matrix,
    'output.per_class': shares.per_class,
    'output.mean_per_class': [shares.mean_per_class],
    'output.accuracy': [shares.accuracy],
  };
}

async function runKnn(device: Device, golden: Case): Promise<Results> {
  const { f32, i32 } = inputsOf(golden);
  const { k, temperature, num_classes } = golden.attrs as Record<'k' | 'temperature' | 'num_classes', number>;
  const { predictions, scores, accuracy } = await knn(
    device,
    { features: f32('bank'), labels: i32('bank_labels') },
    { features: f32('queries'), labels: i32('query_labels') },
    { classes: num_classes, k, temperature },
  );
  return { 'output.predictions': predictions, 'output.scores': scores, 'output.accuracy': [accuracy] };
}

async function runAlignmentUniformity(device: Device, golden: Case): Promise<Results> {
  const { f32, i32, rows } = inputsOf(golden);
  const n = rows('x');
  const aligned =
    golden.attrs.positives === 'views' ? alignment(f32('x'), f32('y'), n) : classAlignment(f32('x'), i32('labels'));
  return {
    'output.alignment': [aligned ?? Number.NaN],
    'output.uniformity': [await uniformity(device, f32('x'), n)],
  };
}

export const metricProcedures = {
  s_dbw: runSDbw,
  metric_s_dbw_parts: runSDbw,
  metric_top_k: runTopK,
  metric_confusion: runConfusion,
  metric_knn: runKnn,
  metric_alignment_uniformity: runAlignmentUniformity,
};
