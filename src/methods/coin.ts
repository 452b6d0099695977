import type { Method, MethodConfig, Stage } from './method.ts';
import { jointStage, scl, supConTerm } from './scl.ts';

/** Epochs of the first of two stages. */
export const stageSwitch = ({ alpha, epochs }: Pick<MethodConfig, 'alpha' | 'epochs'>): number =>
  Math.round(alpha * epochs);

const FIRST_STAGE = ['epochs', 'temperature', 'variant'] as const;

/** SupCon alone: encoder and projector are trained, the classifier is left untouched. */
const initialization = (config: MethodConfig, boundary: number): Stage => ({
  name: 'contrastive initialization',
  epochs: [0, boundary],
  pairs: 'labels',
  loss: (step) => ({ sup_con: supConTerm(config, step, 1) }),
});

/**
 * COIN (Pan et al., "Improving Fine-tuning of Self-supervised Models with Contrastive Initialization", arXiv
 * 2208.00238, Algorithm 1): round(αN) epochs of SupCon alone, which train encoder and projector and leave the classifier
 * untouched, then cross-entropy + λ·SupCon for the rest. With α = 0 it is SCL, and a step costs what SCL's does, or less.
 */
export const coin: Method = {
  name: 'coin',
  title: 'COIN',
  projector: true,
  settings: (config) => ['alpha', ...(stageSwitch(config) < config.epochs ? scl.settings(config) : FIRST_STAGE)],
  stages: (config) => {
    const boundary = stageSwitch(config);
    return [initialization(config, boundary), jointStage(config, [boundary, config.epochs])];
  },
};

/**
 * Another method behind COIN's first stage, as the paper's figure 3 has it: of N epochs round(`coin_alpha` N) are SupCon's alone,
 * the rest are the method's, which begins with the encoder that it finds then. The learning rate goes on as if there were one.
 */
export const withInitialization = (method: Method): Method => ({
  ...method,
  name: `coin-${method.name}`,
  title: `COIN + ${method.title}`,
  projector: true,
  settings: (config) => {
    const rest = method.settings(config);
    return [...new Set([...rest, 'epochs', 'variant', 'coin_alpha', 'coin_temperature'] as const)];
  },
  stages: (config, model) => {
    const { coin_alpha: alpha = 0, coin_temperature: temperature = 0.3, epochs } = config;
    const boundary = stageSwitch({ alpha, epochs });
    const rest = boundary < epochs ? method.stages({ ...config, epochs: epochs - boundary }, model) : [];
    return [initialization({ ...config, temperature }, boundary), ...rest.map((stage) => later(stage, boundary))];
  },
});

/** A stage so many epochs later, which counts its own as before. */
function later({ epochs: [from, to], beforeEpoch, rate, ...stage }: Stage, by: number): Stage {
  return {
    ...stage,
    epochs: [from + by, to + by],
    ...(beforeEpoch && { beforeEpoch: (epoch, ...rest) => beforeEpoch(epoch - by, ...rest) }),
    ...(rate && { rate: (parameter, at) => rate(parameter, { ...at, epoch: at.epoch - by }) }),
  };
}
