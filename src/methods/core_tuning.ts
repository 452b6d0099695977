import type { Module } from '../nn/layers.ts';
import { argsort } from '../ops/argsort.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { focalSupCon } from '../ops/focal_sup_con.ts';
import { sliceRows } from '../ops/gather.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { type HardPairs, hardPairs, type MixDraws, mixRows } from '../ops/mixed_rows.ts';
import { uniform } from '../ops/random.ts';
import type { LossTerm, Method, MethodConfig, MethodModel, Step } from './method.ts';

// Tell the uses of one seed apart.
const STREAM_ORDER = 0x636f7265;
const STREAM_MIX = 0x636f6d69;
const STREAM_HARD = 0x636f6861;

/** The least share of the other image's features in a mixed row. */
const LEAST_MIX = 0.8;

/**
 * Core-Tuning (Zhang et al., "Unleashing the Power of Contrastive Self-Supervised Visual Models via Contrast-Regularized
 * Fine-Tuning", NeurIPS 2021, arXiv 2102.06605): cross-entropy of features, of mixtures of them and of mixtures of each image's
 * hardest partners, under labels mixed alike, + η times a focal contrastive loss over all of these. With `official_quirks` what the
 * released code does: the features themselves pass no gradient on, hard positives are hardly ever found, and the contrast of a row
 * is divided by all rows in place of its positives. A step costs both heads on three times the rows more than CE-Tuning's; the released
 * code's second pass of the encoder, which tells an accuracy, is not made.
 */
export const coreTuning: Method = {
  name: 'core-tuning',
  title: 'Core-Tuning',
  projector: true,
  defaults: { lambda: 0.1, temperature: 0.07 },
  settings: () => ['epochs', 'lambda', 'temperature', 'official_quirks', 'label_smoothing'],
  stages: (config, model) => [
    {
      name: 'fine-tuning',
      epochs: [0, config.epochs],
      pairs: 'labels',
      loss: (step) => coreTuningTerms(step, config, model, randomDraws(step)).terms,
    },
  ],
};

/** λ' and 1 - λ are uniform: the authors' Beta(1, 1). */
function randomDraws({ tape, labels, counter }: Step): MixDraws {
  const { shape } = labels;
  return {
    permutation: argsort(tape, uniform(tape, counter(), shape, STREAM_ORDER)).order,
    mix: uniform(tape, counter(), shape, STREAM_MIX),
    mix_hard: uniform(tape, counter(), shape, STREAM_HARD),
  };
}

/** The terms of a step with the given draws, and which partners it found. */
export function coreTuningTerms(
  { tape, features, labels, watch }: Step,
  { lambda, temperature, official_quirks: released = false, label_smoothing }: MethodConfig,
  { store, projector, classifier }: Pick<MethodModel, 'store' | 'projector' | 'classifier'>,
  draws: MixDraws,
): { terms: Record<string, LossTerm>; pairs: HardPairs } {
  const classes = store.entries.find(({ name }) => name === 'classifier.weight')?.tensor.shape[1];
  if (classes === undefined) throw new Error('Core-Tuning needs a model with a classifier.');
  const pairs = hardPairs(tape, features(), labels, { released });
  const mixed = mixRows(
    tape,
    { z: features(), labels, pairs, draws },
    { classes, least: LEAST_MIX, detached: released },
  );
  const logits = (classifier as Module)(tape, mixed.features, true);
  const unit = l2Normalize(tape, (projector as Module)(tape, mixed.features, true));
  // Those of the images themselves, which come first.
  watch(sliceRows(tape, unit, 0, labels.shape[0] as number), labels);
  const contrast = focalSupCon(tape, unit, mixed.groups, { temperature, mean: released ? 'columns' : 'positives' });
  return {
    terms: {
      cross_entropy: { loss: crossEntropy(tape, logits, mixed.targets, { label_smoothing }), weight: 1 },
      contrast: { loss: contrast, weight: lambda },
    },
    pairs,
  };
}
