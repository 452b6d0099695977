import type { MethodConfig } from '../../src/methods/method.ts';

/** Settings of a short training in two stages. */
export const config: MethodConfig = {
  epochs: 4,
  alpha: 0.5,
  lambda: 0.1,
  temperature: 0.3,
  variant: 'paper',
  label_smoothing: 0,
};
