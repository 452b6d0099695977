import { ceTuning } from './ce_tuning.ts';
import { coin } from './coin.ts';
import { mae } from './mae.ts';
import type { Method } from './method.ts';
import { moco } from './moco.ts';
import type { PretrainMethod } from './recipe.ts';
import { scl } from './scl.ts';
import { simclr } from './simclr.ts';

/** Every method of pre-training by its name on the command line. */
export const pretrainMethods: readonly PretrainMethod[] = [simclr, moco, mae];

/** Every method of fine-tuning by its name on the command line. */
export const methods: readonly Method[] = [ceTuning, scl, coin];

/** Throws when there is no method of that name. */
export function methodNamed(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (method) return method;
  throw new Error(`There is no method named ${name}; there are: ${methods.map((known) => known.name).join(', ')}.`);
}

export type { PretrainMethod, Recipe } from './recipe.ts';
export { ceTuning, coin, mae, moco, scl, simclr };
