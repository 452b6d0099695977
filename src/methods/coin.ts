import type { Method, MethodConfig } from './method.ts';
import { jointStage, scl, supConTerm } from './scl.ts';

/** Epochs of the first stage. */
const stageSwitch = ({ alpha, epochs }: MethodConfig): number => Math.round(alpha * epochs);

const FIRST_STAGE = ['epochs', 'temperature', 'variant'] as const;

/**
 * COIN (Pan et al., "Improving Fine-tuning of Self-supervised Models with Contrastive Initialization", arXiv
 * 2208.00238, Algorithm 1): round(αN) epochs of SupCon alone, which train encoder and projector and leave the classifier
 * untouched, then cross-entropy + λ·SupCon for the rest. With α = 0 it is SCL.
 */
export const coin: Method = {
  name: 'coin',
  title: 'COIN',
  projector: true,
  settings: (config) => ['alpha', ...(stageSwitch(config) < config.epochs ? scl.settings(config) : FIRST_STAGE)],
  stages: (config) => {
    const boundary = stageSwitch(config);
    return [
      {
        name: 'contrastive initialization',
        epochs: [0, boundary],
        pairs: 'labels',
        loss: (step) => ({ sup_con: supConTerm(config, step, 1) }),
      },
      jointStage(config, [boundary, config.epochs]),
    ];
  },
};
