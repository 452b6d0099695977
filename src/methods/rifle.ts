import { randomUniform } from '../data/random.ts';
import type { Device } from '../gpu/device.ts';
import { cosine } from '../optim/schedule.ts';
import { elements } from '../tape/tensor.ts';
import { crossEntropyTerm } from './ce_tuning.ts';
import type { Method, MethodConfig, MethodModel } from './method.ts';

// Tells apart the uses of one seed.
const STREAM = 0x7269666c;

/**
 * RIFLE (Li et al., "Backpropagation in Deep Transfer Learning through Re-Initializing the Fully-connected LayEr", ICML 2020, arXiv
 * 2007.03349): CE-Tuning in equal periods, before each of which but the first the classifier gets new first values, while its
 * momentum stays. As in the released code, epochs that make no whole period are left out. A step is CE-Tuning's.
 */
export const rifle: Method = {
  name: 'rifle',
  title: 'RIFLE',
  projector: false,
  settings: () => ['epochs', 'reinitializations', 'classifier_rate', 'label_smoothing'],
  stages: (config, model) => {
    const { period, epochs } = periods(config);
    if (period === 0)
      throw new Error(
        `RIFLE: ${config.epochs} epochs are too few for ${config.reinitializations ?? 2} new classifiers; give at least ${(config.reinitializations ?? 2) + 1}.`,
      );
    return [
      {
        name: 'fine-tuning',
        epochs: [0, epochs],
        loss: (step) => ({ cross_entropy: crossEntropyTerm(config, step) }),
        beforeEpoch: async (epoch, device) => {
          if (isRenewed(epoch, period)) renew(device, model, epoch);
        },
        ...(config.classifier_rate === 'cyclic' && {
          rate: (parameter, { epoch, lr, peak }) =>
            parameter.startsWith('classifier.') ? cosine(peak, epoch % period, period) : lr,
        }),
      },
    ];
  },
};

/** Epochs of a period, and of all that are trained. */
function periods({ epochs, reinitializations = 2 }: MethodConfig) {
  const period = Math.floor(epochs / (reinitializations + 1));
  return { period, epochs: period * (reinitializations + 1) };
}

/** Whether the classifier is made anew before an epoch. */
export const isRenewed = (epoch: number, period: number): boolean => epoch > 0 && epoch % period === 0;

/** First values as `createModel` gives them, others before each epoch. */
function renew(device: Device, { options, store }: MethodModel, epoch: number): void {
  const own = store.entries.filter(({ name }) => name.startsWith('classifier.'));
  const from = own.find(({ name }) => name === 'classifier.weight')?.tensor.shape[0] ?? 1;
  const bound = 1 / Math.sqrt(from);
  for (const [index, { tensor }] of own.entries())
    device.write(
      tensor,
      randomUniform(elements(tensor.shape), -bound, bound, options?.seed ?? 0, STREAM + 2 * epoch + index),
    );
}
