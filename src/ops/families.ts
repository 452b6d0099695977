import { attentionCandidates } from './attention.ts';
import { batchNormCandidates } from './batch_norm.ts';
import type { Candidate } from './candidates.ts';
import { dgradCandidates } from './conv2d/dgrad.ts';
import { forwardCandidates } from './conv2d/forward.ts';
import { wgradCandidates } from './conv2d/wgrad.ts';
import { dropPathCandidates } from './drop_path.ts';
import { layerNormCandidates } from './layer_norm.ts';
import { matmulCandidates } from './matmul.ts';
import { maxPool2dCandidates } from './max_pool2d.ts';
import { momentsCandidates } from './moments.ts';
import { reduceCandidates } from './reduce.ts';
import { selfAttentionCandidates } from './self_attention.ts';
import { softmaxCandidates } from './softmax.ts';
import { tokensCandidates } from './tokens.ts';

/** Every op (or pass of one) that has a choice of kernels, with its candidates, best first. */
export const families: Readonly<Record<string, readonly Candidate<never>[]>> = {
  attention: attentionCandidates,
  batch_norm: batchNormCandidates,
  'batch_norm.statistics': momentsCandidates,
  'conv2d.forward': forwardCandidates,
  'conv2d.dgrad': dgradCandidates,
  'conv2d.wgrad': wgradCandidates,
  drop_path: dropPathCandidates,
  layer_norm: layerNormCandidates,
  matmul: matmulCandidates,
  max_pool2d: maxPool2dCandidates,
  reduce: reduceCandidates,
  self_attention: selfAttentionCandidates,
  softmax: softmaxCandidates,
  tokens: tokensCandidates,
};
