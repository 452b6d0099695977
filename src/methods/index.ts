import { biTuning } from './bi_tuning.ts';
import { bss } from './bss.ts';
import { ceTuning } from './ce_tuning.ts';
import { coin, withInitialization } from './coin.ts';
import { coreTuning } from './core_tuning.ts';
import { delta } from './delta.ts';
import { l2Sp } from './l2_sp.ts';
import { mAndM } from './m_and_m.ts';
import { mae } from './mae.ts';
import type { Method } from './method.ts';
import { moco } from './moco.ts';
import { noisyTune } from './noisy_tune.ts';
import type { PretrainMethod } from './recipe.ts';
import { rifle } from './rifle.ts';
import { scl } from './scl.ts';
import { simclr } from './simclr.ts';
import { slCeTuning } from './sl_ce_tuning.ts';

/** Every method of pre-training by its name on the command line. */
export const pretrainMethods: readonly PretrainMethod[] = [simclr, moco, mae];

/** Every method of fine-tuning by its name on the command line, in the order of the paper's table. */
export const methods: readonly Method[] = [
  ceTuning,
  slCeTuning,
  l2Sp,
  mAndM,
  delta,
  bss,
  rifle,
  biTuning,
  scl,
  coreTuning,
  noisyTune,
  coin,
];

/** Throws when there is no method of that name. */
export function methodNamed(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (method) return method;
  throw new Error(`There is no method named ${name}; there are: ${methods.map((known) => known.name).join(', ')}.`);
}

export type { PretrainMethod, Recipe } from './recipe.ts';
export {
  biTuning,
  bss,
  ceTuning,
  coin,
  coreTuning,
  delta,
  l2Sp,
  mAndM,
  mae,
  moco,
  noisyTune,
  rifle,
  scl,
  simclr,
  slCeTuning,
  withInitialization,
};
