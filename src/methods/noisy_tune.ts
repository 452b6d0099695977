import { parametersOf } from '../nn/store.ts';
import { perturb } from '../ops/perturb.ts';
import { uniform } from '../ops/random.ts';
import type { Tape } from '../tape/tape.ts';
import { variable } from '../tape/tensor.ts';
import type { Method, MethodModel, Stage } from './method.ts';
import { scl } from './scl.ts';
import { runOnce } from './twin.ts';

// Tells apart the uses of one seed.
const STREAM = 0x6e6f6973;

/**
 * Noisy-Tune (Wu et al., "NoisyTune: A Little Noise Can Help You Finetune Pretrained Language Models Better", arXiv 2202.12024)
 * with SCL, as COIN's paper has it: once before training each of the encoder's tensors gets uniform noise in proportion to its
 * own deviation. Running statistics and single numbers stay.
 */
export const noisyTune: Method = {
  ...scl,
  name: 'noisy-tune',
  title: 'Noisy-Tune',
  settings: (config) => [...scl.settings(config), 'noise'],
  stages: (config, model) => {
    const { noise = 0.15 } = config;
    const [joint] = scl.stages(config, model) as [Stage];
    return [
      {
        ...joint,
        beforeEpoch: async (epoch, device) => {
          if (epoch === 0) await runOnce(device, (tape) => addNoise(tape, model, noise));
        },
      },
    ];
  },
};

function addNoise(tape: Tape, model: MethodModel, width: number): void {
  const counter = variable('counter', [2], 'u32', Uint32Array.of(model.options?.seed ?? 0, 0));
  for (const [index, parameter] of parametersOf(model.store, 'encoder').entries())
    perturb(tape, parameter, uniform(tape, counter, parameter.shape, STREAM + index), width);
}
