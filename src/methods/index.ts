import { ceTuning } from './ce_tuning.ts';
import { coin } from './coin.ts';
import type { Method } from './method.ts';
import { scl } from './scl.ts';

/** Every method by its name on the command line. */
export const methods: readonly Method[] = [ceTuning, scl, coin];

/** Throws when there is no method of that name. */
export function methodNamed(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (method) return method;
  throw new Error(`There is no method named ${name}; there are: ${methods.map((known) => known.name).join(', ')}.`);
}

export { moco } from './moco.ts';
export { simclr } from './simclr.ts';
export { ceTuning, coin, scl };
