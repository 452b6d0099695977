// What a step of each method takes beside one of another.
import type { Comparison } from '../bench/comparison.ts';
import { type StageStep, type StepSetting, stageSteps, timeRows } from '../bench/method_steps.ts';
import type { Device } from '../gpu/device.ts';
import { methodNamed } from '../methods/index.ts';
import type { Timed } from './experiment.ts';

export interface StepTimes extends Comparison {
  readonly label: string;
  /** Floating-point operations of a step. */
  readonly flops: number;
  /** The paper's ratio of hours, where it tells one. */
  readonly paper?: number;
}

/** Times whole training steps of the methods' first stages (images are on the device) and compares each row with the first. */
export async function timeSteps(device: Device, rows: readonly Timed[], setting: StepSetting): Promise<StepTimes[]> {
  const names = [...new Set(rows.flatMap(({ steps }) => steps.map(({ method }) => method)))];
  // All epochs belong to COIN's first stage: its second one is SCL.
  const first = (name: string) =>
    stageSteps(device.target, methodNamed(name), { ...setting, alpha: 1 })[0] as StageStep;
  const all = new Map(names.map((name) => [name, first(name)]));
  const mixed = rows.map(({ steps }) => ({
    steps: steps.map(({ method, share }) => ({ ...(all.get(method) as StageStep), share })),
  }));
  const times = await timeRows(device, mixed);
  return rows.map(({ label, paper }, i) => ({
    label,
    ...(paper !== undefined && { paper }),
    flops: mixed[i]?.steps.reduce((sum, { share, flops }) => sum + share * flops, 0) ?? 0,
    ...(times[i] as Comparison),
  }));
}
