import { permuteRows, restoreRows } from '../ops/gather.ts';
import { maskedError, patchTargets, randomMasking } from '../ops/mae.ts';
import { addPositions, embedTokens } from '../ops/tokens.ts';
import type { Tape } from '../tape/tape.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import { layerNormLayer, linearLayer } from './layers.ts';
import { sincosPositions } from './positions.ts';
import type { Init, Store } from './store.ts';
import { type BlockOptions, patchEmbed, transformerBlock } from './vit.ts';

/** The shape of a masked autoencoder: a vision transformer, and a narrower one that fills in what it did not see. */
export interface MaskedAutoencoderOptions extends BlockOptions {
  readonly depth: number;
  /** Height and width of a patch in pixels. */
  readonly patch: number;
  readonly image_size: readonly [height: number, width: number];
  /** Channels of the images; 3 unless given. */
  readonly channels?: number;
  readonly decoder_dim: number;
  readonly decoder_depth: number;
  readonly decoder_heads: number;
  /** 4 · decoder_dim unless given. */
  readonly decoder_mlp_hidden?: number;
  /** The share of patches that the encoder does not see. */
  readonly mask_ratio: number;
  /** Whether patches are predicted less their mean and over their deviation. */
  readonly norm_pix: boolean;
}

/** What a masked autoencoder makes of images. */
export interface Reconstruction {
  readonly loss: Tensor;
  /** Of the class token and the patches that are kept: [batch, 1 + kept, dim]. */
  readonly latent: Tensor;
  /** Of the class token, which means nothing, and all patches: [batch, 1 + patches, patch² · channels]. */
  readonly pred: Tensor;
  /** 1 for a hidden patch: [batch, patches]. */
  readonly mask: Tensor;
}

/**
 * MAE with its names and first values (He et al., arXiv 2111.06377): the encoder sees the class token and the patches with the least
 * `noise` [batch, patches]; the decoder sees mask tokens in place of the others. Position embeddings are fixed sines and cosines,
 * and so no parameters here. Throws when sizes do not fit.
 */
export function maskedAutoencoder(
  store: Store,
  {
    depth,
    patch,
    image_size: [height, width],
    channels = 3,
    decoder_dim,
    decoder_depth,
    decoder_heads,
    decoder_mlp_hidden = 4 * decoder_dim,
    mask_ratio,
    norm_pix,
    ...encoder
  }: MaskedAutoencoderOptions,
): (tape: Tape, images: Tensor, noise: Tensor) => Reconstruction {
  const { dim } = encoder;
  const grid = [height / patch, width / patch] as const;
  const token: Init = { kind: 'normal', deviation: 0.02 };
  const linear = (name: string, from: number, to: number) =>
    linearLayer(store.scope(name), from, to, { init: xavier(from, to) });
  const block = (name: string, options: BlockOptions) =>
    transformerBlock(store.scope(name), { ...options, init: xavier });
  const positions = (name: string, size: number) =>
    variable(name, [1, 1 + grid[0] * grid[1], size], 'f32', sincosPositions(size, grid));

  const cls_token = store.parameter('cls_token', [1, 1, dim], token);
  const mask_token = store.parameter('mask_token', [1, 1, decoder_dim], token);
  const pos_embed = positions('pos_embed', dim);
  const decoder_pos_embed = positions('decoder_pos_embed', decoder_dim);
  const embed = patchEmbed(store.scope('patch_embed'), channels, dim, patch);
  const blocks = Array.from({ length: depth }, (_, i) => block(`blocks.${i}`, encoder));
  const norm = layerNormLayer(store.scope('norm'), dim);
  const decoder_embed = linear('decoder_embed', dim, decoder_dim);
  const decoder = { dim: decoder_dim, heads: decoder_heads, mlp_hidden: decoder_mlp_hidden };
  const decoder_blocks = Array.from({ length: decoder_depth }, (_, i) => block(`decoder_blocks.${i}`, decoder));
  const decoder_norm = layerNormLayer(store.scope('decoder_norm'), decoder_dim);
  const decoder_pred = linear('decoder_pred', decoder_dim, patch * patch * channels);

  return (tape, images, noise) => {
    // The class token is the first, always seen and always in its place.
    const masking = randomMasking(tape, noise, { mask_ratio, extra: 1 });
    const tokens = embedTokens(tape, embed(tape, images), { cls_token, pos_embed });
    const seen = permuteRows(tape, tokens, masking, masking.kept);
    const latent = norm(
      tape,
      blocks.reduce((x, next) => next(tape, x), seen),
    );
    const filled = restoreRows(tape, decoder_embed(tape, latent), masking, mask_token);
    const placed = addPositions(tape, filled, decoder_pos_embed);
    const pred = decoder_pred(
      tape,
      decoder_norm(
        tape,
        decoder_blocks.reduce((x, next) => next(tape, x), placed),
      ),
    );
    const target = patchTargets(tape, images, { patch, normalize: norm_pix });
    return { loss: maskedError(tape, pred, target, masking.mask), latent, pred, mask: masking.mask };
  };
}

/** Xavier's uniform first values (Glorot and Bengio, 2010). */
const xavier = (from: number, to: number): Init => ({ kind: 'uniform', bound: Math.sqrt(6 / (from + to)) });
