import { COUNT, checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import type { Parameter } from '../tape/parameter.ts';
import type { Group } from './optimizer.ts';

/** Which parameters have weight decay: all, or those of two dimensions and more. */
export const DECAYS = ['all', 'matrices'] as const;
/** One of `DECAYS`. */
export type Decay = (typeof DECAYS)[number];

/**
 * The `groups` of an optimizer that decays weights alone: one-dimensional parameters, which biases and norms are, have no weight
 * decay, as in MAE's pre-training.
 */
export const decayMatrices =
  (weight_decay: number): ((parameter: Parameter) => Group) =>
  ({ shape }) => ({ weight_decay: shape.length === 1 ? 0 : weight_decay });

/** What `layerDecay` is told. */
export interface LayerDecayOptions {
  /** Blocks of the vision transformer. */
  readonly depth: number;
  /** The factor from one layer to the one before it, above 0 and at most 1; 1 is no decay. */
  readonly layer_decay: number;
  /** Of weights; biases, norms, class token and position embeddings have none. */
  readonly weight_decay: number;
}

/**
 * The `groups` of an optimizer that fine-tunes a vision transformer as MAE does: the learning rate falls by a factor from layer to
 * layer, from the heads (whose scale is 1) through the blocks down to the embeddings, and one-dimensional parameters, class
 * token and position embeddings have no weight decay. Parameters have timm's names, behind whatever stands in front of them.
 * Clark et al., "ELECTRA", 2020; Bao et al., "BEiT", 2022. Throws when an option is out of range.
 */
export function layerDecay({ depth, layer_decay, weight_decay }: LayerDecayOptions): (parameter: Parameter) => Group {
  checkNumber('layerDecay', 'depth', depth, COUNT);
  checkNumber('layerDecay', 'layer_decay', layer_decay, { above: 0, most: 1 });
  checkNumber('layerDecay', 'weight_decay', weight_decay, NOT_NEGATIVE);
  return ({ label, shape }) => {
    const name = /(?:^|\.)((cls_token|pos_embed|patch_embed|blocks\.(\d+))(?:\..*)?)$/.exec(label);
    const block = name?.[3];
    const layer = block !== undefined ? Number(block) + 1 : name ? 0 : depth + 1;
    const undecayed = shape.length === 1 || name?.[2] === 'cls_token' || name?.[2] === 'pos_embed';
    return { lr_scale: layer_decay ** (depth + 1 - layer), weight_decay: undecayed ? 0 : weight_decay };
  };
}
