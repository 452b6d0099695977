import { parametersOf } from '../nn/store.ts';
import { l2Distance } from '../optim/l2_distance.ts';
import type { Parameter } from '../tape/parameter.ts';
import type { Chunk } from '../tape/tensor.ts';
import { crossEntropyTerm } from './ce_tuning.ts';
import type { LossTerm, Method, MethodConfig, MethodModel, Step } from './method.ts';
import { createTwin } from './twin.ts';

/**
 * L2-SP (Li et al., "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", arXiv 1802.01483): cross-entropy
 * + α/2 ‖w - w⁰‖² of the encoder, w⁰ its weights before, + β/2 ‖w‖² of the classifier, in place of weight decay.
 * A step costs a pass over the weights more than CE-Tuning's, and a copy of them in memory.
 */
export const l2Sp: Method = {
  name: 'l2-sp',
  title: 'L2-SP',
  projector: false,
  defaults: { lambda: 0.01 },
  replacesDecay: true,
  settings: () => ['epochs', 'lambda', 'head_decay', 'held', 'label_smoothing'],
  stages: (config, model) => {
    const reference = createTwin(model, 'L2-SP');
    return [
      {
        name: 'fine-tuning',
        epochs: [0, config.epochs],
        beforeEpoch: async (epoch, device) => {
          if (epoch === 0) await reference.follow(device);
        },
        state: new Map(reference.state('reference')),
        loss: (step) => l2SpTerms(step, config, model, reference.chunks),
      },
    ];
  },
};

/** The distances come first, so that their gradients are added to those of all else, in one dispatch. */
export function l2SpTerms(
  step: Step,
  config: MethodConfig,
  { store }: Pick<MethodModel, 'store'>,
  reference: readonly Chunk[],
): Record<string, LossTerm> {
  const { lambda, head_decay = 0.01, held = 'all' } = config;
  const isHeld = ({ shape, requiresGrad }: Parameter) => requiresGrad && (held === 'all' || shape.length > 1);
  const ofPart = (part: string) => parametersOf(store, part).filter(isHeld);
  const [encoder, head] = [ofPart('encoder'), ofPart('classifier')];
  const distance = (parameters: readonly Parameter[], weight: number, from?: readonly Chunk[]): LossTerm => ({
    loss: l2Distance(step.tape, store.arena, parameters, from),
    weight,
  });
  const penalties = {
    // A frozen encoder stays where it is.
    ...(encoder.length > 0 && { penalty_backbone: distance(encoder, lambda, reference) }),
    penalty_head: distance(head, head_decay),
  };
  return { cross_entropy: crossEntropyTerm(config, step), ...penalties };
}
