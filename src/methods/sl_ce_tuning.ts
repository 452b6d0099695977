import { ceTuning } from './ce_tuning.ts';
import type { Method } from './method.ts';

/**
 * SL-CE-Tuning: CE-Tuning of an encoder that was pre-trained with labels (torchvision's, given as the weights to start from), with
 * a classifier that has a bias, as in Core-tuning's released code.
 */
export const slCeTuning: Method = {
  ...ceTuning,
  name: 'sl-ce-tuning',
  title: 'SL-CE-Tuning',
  heads: { head: { bias: true } },
};
