import { permuteRows, restoreRows } from '../ops/gather.ts';
import { maskedError, patchTargets, randomMasking } from '../ops/mae.ts';
import { addPositions } from '../ops/tokens.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { layerNormLayer, linearLayer } from './layers.ts';
import { sincosPositions } from './positions.ts';
import type { Init, Store } from './store.ts';
import { type BlockOptions, transformerBlock, type VisionTransformer, visionTransformer } from './vit.ts';

/** What a masked autoencoder has besides its encoder: a narrower transformer that fills in what that did not see. */
export interface MaskedDecoderOptions {
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

/** The shape of a masked autoencoder. */
export interface MaskedAutoencoderOptions extends BlockOptions, MaskedDecoderOptions {
  readonly depth: number;
  /** Height and width of a patch in pixels. */
  readonly patch: number;
  readonly image_size: readonly [height: number, width: number];
  /** Channels of the images; 3 unless given. */
  readonly channels?: number;
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

/** Images [batch, height, width, channels] and `noise` [batch, patches], whose least values say which patches are seen. */
export type MaskedAutoencoder = (tape: Tape, images: Tensor, noise: Tensor) => Reconstruction;

/**
 * MAE with its names and first values (He et al., arXiv 2111.06377): the encoder sees the class token and the patches with the least
 * noise; the decoder sees mask tokens in place of the others. Position embeddings are fixed sines and cosines. Throws when sizes
 * do not fit.
 */
export function maskedAutoencoder(store: Store, options: MaskedAutoencoderOptions): MaskedAutoencoder {
  const encoder = visionTransformer(store, { ...options, ...MASKED_ENCODER });
  return withDecoder(store, encoder, options);
}

/** Xavier's uniform first values (Glorot and Bengio, 2010). */
const xavier = (from: number, to: number): Init => ({ kind: 'uniform', bound: Math.sqrt(6 / (from + to)) });

/** How a vision transformer is made that is the encoder of a masked autoencoder. */
export const MASKED_ENCODER = { global_pool: false, positions: 'sincos', init: xavier } as const;

/** A masked autoencoder around an encoder that is there: what it has besides stands in `store`. Throws when sizes do not fit. */
export function withDecoder(
  store: Store,
  { dim, channels, grid, patch, tokens, norm }: VisionTransformer,
  {
    decoder_dim,
    decoder_depth,
    decoder_heads,
    decoder_mlp_hidden = 4 * decoder_dim,
    mask_ratio,
    norm_pix,
  }: MaskedDecoderOptions,
): MaskedAutoencoder {
  const token: Init = { kind: 'normal', deviation: 0.02 };
  const linear = (name: string, from: number, to: number) =>
    linearLayer(store.scope(name), from, to, { init: xavier(from, to) });
  const shape = [1, 1 + grid[0] * grid[1], decoder_dim];

  const mask_token = store.parameter('mask_token', [1, 1, decoder_dim], token);
  const decoder_pos_embed = store.buffer('decoder_pos_embed', shape, sincosPositions(decoder_dim, grid));
  const decoder_embed = linear('decoder_embed', dim, decoder_dim);
  const options = { dim: decoder_dim, heads: decoder_heads, mlp_hidden: decoder_mlp_hidden, init: xavier };
  const blocks = Array.from({ length: decoder_depth }, (_, i) =>
    transformerBlock(store.scope(`decoder_blocks.${i}`), options),
  );
  const decoder_norm = layerNormLayer(store.scope('decoder_norm'), decoder_dim);
  const decoder_pred = linear('decoder_pred', decoder_dim, patch * patch * channels);

  return (tape, images, noise) => {
    // The class token is the first, always seen and always in its place.
    const masking = randomMasking(tape, noise, { mask_ratio, extra: 1 });
    const seen = (all: Tensor) => permuteRows(tape, all, masking, masking.kept);
    const latent = norm(tape, tokens(tape, images, { seen }));
    const filled = restoreRows(tape, decoder_embed(tape, latent), masking, mask_token);
    const placed = addPositions(tape, filled, decoder_pos_embed);
    const decoded = blocks.reduce((x, next) => next(tape, x), placed);
    const pred = decoder_pred(tape, decoder_norm(tape, decoded));
    const target = patchTargets(tape, images, { patch, normalize: norm_pix });
    return { loss: maskedError(tape, pred, target, masking.mask), latent, pred, mask: masking.mask };
  };
}
