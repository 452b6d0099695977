import { crossEntropy } from '../ops/cross_entropy.ts';
import type { LossTerm, Method, MethodConfig, Step } from './method.ts';

/** The cross-entropy term that most methods share. */
export const crossEntropyTerm = (
  { label_smoothing }: MethodConfig,
  { tape, logits, labels, targets }: Pick<Step, 'tape' | 'logits' | 'labels' | 'targets'>,
): LossTerm => ({
  // Targets of mixed images are smoothed where they are made.
  loss: targets ? crossEntropy(tape, logits(), targets) : crossEntropy(tape, logits(), labels, { label_smoothing }),
  weight: 1,
});

/** CE-Tuning: plain fine-tuning with cross-entropy. */
export const ceTuning: Method = {
  name: 'ce-tuning',
  title: 'CE-Tuning',
  projector: false,
  settings: () => ['epochs', 'label_smoothing'],
  stages: (config) => [
    {
      name: 'fine-tuning',
      epochs: [0, config.epochs],
      loss: (step) => ({ cross_entropy: crossEntropyTerm(config, step) }),
    },
  ],
};
