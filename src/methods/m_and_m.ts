import { argsort } from '../ops/argsort.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { uniform } from '../ops/random.ts';
import { type Partners, selectPartners, tripletLoss } from '../ops/triplet.ts';
import { ceTuning, crossEntropyTerm } from './ce_tuning.ts';
import { stageSwitch } from './coin.ts';
import type { LossTerm, Method, MethodConfig, Step } from './method.ts';

// Tell the uses of one seed apart.
const STREAM_ORDER = 0x6d6d6f72;
const STREAM_PARTNERS = 0x6d6d7061;

/**
 * M&M, mix-and-match tuning (Zhan et al., "Mix-and-Match Tuning for Self-Supervised Semantic Segmentation", AAAI 2018, arXiv
 * 1712.00661) for classification: triplets of a random class-wise graph over the batch, on normalised features. With α = 0 beside
 * the cross-entropy, weighted by λ; else in the original's two stages: round(αN) epochs of triplets alone, then cross-entropy alone.
 * A step costs what CE-Tuning's does.
 */
export const mAndM: Method = {
  name: 'm-and-m',
  title: 'M&M',
  projector: false,
  defaults: { alpha: 0, lambda: 1 },
  settings: (config) => {
    const boundary = stageSwitch(config);
    const triplets = boundary > 0 ? [] : (['lambda'] as const);
    return [
      'epochs',
      'alpha',
      'margin',
      ...triplets,
      ...(boundary < config.epochs ? (['label_smoothing'] as const) : []),
    ];
  },
  stages: (config, model) => {
    const boundary = stageSwitch(config);
    const { epochs } = config;
    if (boundary === 0)
      return [
        {
          name: 'fine-tuning',
          epochs: [0, epochs],
          pairs: 'labels',
          loss: (step) => ({
            cross_entropy: crossEntropyTerm(config, step),
            triplet: tripletTerm(config, step, randomPartners(step), config.lambda),
          }),
        },
      ];
    return [
      {
        name: 'mix and match',
        epochs: [0, boundary],
        pairs: 'labels',
        loss: (step) => ({ triplet: tripletTerm(config, step, randomPartners(step), 1) }),
      },
      ...ceTuning.stages(config, model).map((stage) => ({ ...stage, epochs: [boundary, epochs] as const })),
    ];
  },
};

/** The triplet loss of the features with the given partners. */
export const tripletTerm = (
  { margin = 2.1 }: MethodConfig,
  { tape, features, labels, watch }: Step,
  partners: Partners,
  weight: number,
): LossTerm => {
  const v = l2Normalize(tape, features());
  watch(v, labels);
  return { loss: tripletLoss(tape, v, partners, { margin }), weight };
};

function randomPartners({ tape, labels, counter }: Step): Partners {
  const [n = 0] = labels.shape;
  const { rank } = argsort(tape, uniform(tape, counter(), [n], STREAM_ORDER));
  return selectPartners(tape, labels, rank, uniform(tape, counter(), [2 * n], STREAM_PARTNERS));
}
