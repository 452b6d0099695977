import type { Device } from '../gpu/device.ts';
import { parametersOf } from '../nn/store.ts';
import { featureDistance } from '../ops/feature_distance.ts';
import { l2Distance } from '../optim/l2_distance.ts';
import type { Tape } from '../tape/tape.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import { crossEntropyTerm } from './ce_tuning.ts';
import { learnChannelWeights, type Tell } from './delta_channels.ts';
import type { Batches, LossTerm, Method, MethodConfig, MethodModel, Step } from './method.ts';
import { createTwin } from './twin.ts';

/**
 * DELTA (Li et al., "DELTA: Deep Learning Transfer using Feature Map with Attention", ICLR 2019, arXiv 1901.09229): cross-entropy +
 * α times how far the feature maps at the end of each stage, before their last batch norm, are from those of the encoder as it
 * was, + β/2 ‖w‖² of the classifier, in place of weight decay. Channels weigh what the loss loses without them, or all alike.
 * A step costs the old encoder's forward pass more than CE-Tuning's, a third; to learn what channels weigh takes ten epochs of
 * forward passes before the first step, and one of a micro-batch for each channel, four times.
 */
export const delta: Method = {
  name: 'delta',
  title: 'DELTA',
  projector: false,
  defaults: { lambda: 0.01 },
  replacesDecay: true,
  settings: () => ['epochs', 'lambda', 'head_decay', 'channels', 'label_smoothing'],
  stages: (config, model) => {
    const { channels = 'learned' } = config;
    const { feature_maps } = model.encoder;
    if (!feature_maps)
      throw new Error('DELTA compares feature maps of convolutions, which this encoder has none of; take a ResNet.');
    const reference = createTwin(model, 'DELTA');
    const weights =
      channels === 'learned'
        ? feature_maps.map(({ name, channels: count }) => variable(`channels.${name}`, [count]))
        : undefined;
    return [
      {
        name: 'fine-tuning',
        epochs: [0, config.epochs],
        beforeEpoch: async (epoch, device, batches, tell) => {
          if (epoch > 0) return;
          await reference.follow(device);
          if (weights) await learn(device, batches, tell);
        },
        state: new Map([
          ...reference.state('reference'),
          ...(weights ?? []).map((tensor) => [tensor.label, tensor] as const),
        ]),
        loss: (step) => {
          const names = feature_maps.map(({ name }) => name);
          // Behind it in the backward pass, so that its gradients are added to the classifier's.
          const head = headPenalty(step, config, model);
          const student = outputsOf(step.tape, names, () => step.features());
          const teacher = step.tape.scope('reference', () =>
            outputsOf(
              step.tape,
              names,
              () => reference.model.encoder.forward(step.tape, step.images, false),
              'reference.',
            ),
          );
          return {
            cross_entropy: crossEntropyTerm(config, step),
            ...featureTerms(step.tape, config, { student, teacher, ...(weights && { weights }) }),
            penalty_head: head,
          };
        },
      },
    ];

    async function learn(device: Device, batches: Batches, tell: Tell): Promise<void> {
      const learned = await learnChannelWeights(device, reference.model, batches, tell);
      for (const [index, own] of learned.entries()) device.write(weights?.[index] as Tensor, own);
    }
  },
};

/** The feature maps of both encoders, and the weights of their channels. */
interface FeatureMaps {
  readonly student: readonly Tensor[];
  readonly teacher: readonly Tensor[];
  readonly weights?: readonly Tensor[];
}

/** The distances of the feature maps, a term a stage of the encoder. */
export const featureTerms = (
  tape: Tape,
  { lambda }: MethodConfig,
  { student, teacher, weights }: FeatureMaps,
): Record<string, LossTerm> =>
  Object.fromEntries(
    student.map((own, index) => [
      `feature_map_${index + 1}`,
      { loss: featureDistance(tape, own, teacher[index] as Tensor, weights?.[index]), weight: lambda },
    ]),
  );

export const headPenalty = (
  { tape }: Pick<Step, 'tape'>,
  { head_decay = 0.01 }: MethodConfig,
  { store }: Pick<MethodModel, 'store'>,
): LossTerm => ({ loss: l2Distance(tape, store.arena, parametersOf(store, 'classifier')), weight: head_decay });

/** What the modules of these names give while `body` runs. */
function outputsOf(tape: Tape, names: readonly string[], body: () => unknown, scope = ''): Tensor[] {
  const found = new Map<string, Tensor>();
  for (const name of names)
    tape.hooks.set(scope + name, (output) => {
      found.set(name, output);
      return output;
    });
  body();
  for (const name of names) tape.hooks.delete(scope + name);
  return names.map((name) => found.get(name) as Tensor);
}
