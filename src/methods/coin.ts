import type { Method } from './method.ts';
import { jointStage, supConTerm } from './scl.ts';

/**
 * COIN (Pan et al., "Improving Fine-tuning of Self-supervised Models with Contrastive Initialization", arXiv
 * 2208.00238, Algorithm 1): round(αN) epochs of SupCon alone, which train encoder and projector and leave the classifier
 * untouched, then cross-entropy + λ·SupCon for the rest. With α = 0 it is SCL.
 */
export const coin: Method = {
  name: 'coin',
  title: 'COIN',
  projector: true,
  stages: (config) => {
    const boundary = Math.round(config.alpha * config.epochs);
    return [
      {
        name: 'contrastive initialization',
        epochs: [0, boundary],
        loss: (step) => ({ sup_con: supConTerm(config, step, 1) }),
      },
      jointStage(config, [boundary, config.epochs]),
    ];
  },
};
