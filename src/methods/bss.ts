import { smallSingularValues } from '../ops/small_singular_values.ts';
import { crossEntropyTerm } from './ce_tuning.ts';
import type { Method } from './method.ts';

/**
 * BSS, batch spectral shrinkage (Chen et al., "Catastrophic Forgetting Meets Negative Transfer: Batch Spectral Shrinkage for Safe
 * Transfer Learning", NeurIPS 2019): cross-entropy + η Σ σ² over the k smallest singular values of a micro-batch's features.
 * A step costs the eigenproblem of a matrix of as many rows as there are images, or features, more than CE-Tuning's.
 */
export const bss: Method = {
  name: 'bss',
  title: 'BSS',
  projector: false,
  defaults: { lambda: 1e-3 },
  settings: () => ['epochs', 'lambda', 'singular_values', 'label_smoothing'],
  stages: (config) => [
    {
      name: 'fine-tuning',
      epochs: [0, config.epochs],
      loss: (step) => {
        const { singular_values: k = 1, lambda } = config;
        const shrinkage = smallSingularValues(step.tape, step.features(), k).sum;
        return { cross_entropy: crossEntropyTerm(config, step), singular_values: { loss: shrinkage, weight: lambda } };
      },
    },
  ],
};
