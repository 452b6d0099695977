import { conv2d } from '../ops/conv2d.ts';
import { type Dropped, drawDropPath, dropPath } from '../ops/drop_path.ts';
import { add, gelu } from '../ops/elementwise.ts';
import { selfAttention } from '../ops/self_attention.ts';
import { embedTokens, poolTokens } from '../ops/tokens.ts';
import { COUNT, checkNumber } from '../tape/check.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import type { Grid } from '../weights/pos_embed.ts';
import type { Encoder } from './encoder.ts';
import { type Layer, layerNormLayer, linearLayer } from './layers.ts';
import { sincosPositions } from './positions.ts';
import type { Init, Store } from './store.ts';

/** The width and heads of a transformer's blocks. */
export interface BlockOptions {
  /** Channels of a token. */
  readonly dim: number;
  /** Into how many heads they are cut. */
  readonly heads: number;
  /** Channels between the two layers of the MLP; 4 · dim unless given. */
  readonly mlp_hidden?: number;
  /** Of the layer norms; 1e-6 unless given. */
  readonly eps?: number;
  /** First values of a linear layer's weight, whose bias starts at 0; normal with deviation 0.02 unless given, as timm's. */
  readonly init?: (from: number, to: number) => Init;
}

/** A block: tokens [batch, length, dim] to tokens. `dropped` tells which images lose attention and which the MLP. */
export type Block = (tape: Tape, x: Tensor, dropped?: readonly [attention: Dropped, mlp: Dropped]) => Tensor;

const NORMAL = (): Init => ({ kind: 'normal', deviation: 0.02 });

/**
 * A pre-norm transformer block under timm's names: x + attention(norm1(x)), then x + mlp(norm2(x)), GELU within the MLP.
 * Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021. Throws when the heads do not divide `dim`.
 */
export function transformerBlock(
  store: Store,
  { dim, heads, mlp_hidden = 4 * dim, eps = 1e-6, init = NORMAL }: BlockOptions,
): Block {
  checkNumber('transformerBlock', 'heads', heads, COUNT);
  if (dim % heads !== 0) throw new Error(`transformerBlock: ${dim} channels cannot be cut into ${heads} heads.`);
  const linear = (name: string, from: number, to: number) =>
    linearLayer(store.scope(name), from, to, { init: init(from, to) });
  const norm1 = layerNormLayer(store.scope('norm1'), dim, { eps });
  const qkv = linear('attn.qkv', dim, 3 * dim);
  const proj = linear('attn.proj', dim, dim);
  const norm2 = layerNormLayer(store.scope('norm2'), dim, { eps });
  const fc1 = linear('mlp.fc1', dim, mlp_hidden);
  const fc2 = linear('mlp.fc2', mlp_hidden, dim);
  return (tape, x, dropped) => {
    const within = (name: string, op: () => Tensor) => tape.scope(store.scope(name).name, op);
    const joined = (name: string, residual: Tensor, branch: Tensor, mask: Dropped | undefined) =>
      within(name, () => (mask ? dropPath(tape, branch, mask, { residual }) : add(tape, residual, branch)));
    const mixed = qkv(tape, norm1(tape, x));
    const attended = within('attn', () => selfAttention(tape, mixed, { heads }));
    const middle = joined('attn', x, proj(tape, attended), dropped?.[0]);
    const wide = fc1(tape, norm2(tape, middle));
    const hidden = within('mlp', () => gelu(tape, wide));
    return joined('mlp', middle, fc2(tape, hidden), dropped?.[1]);
  };
}

/**
 * Images [batch, height, width, channels] to tokens [batch, patches, dim], the patches row by row, as timm's `patch_embed`. First
 * values are those of PyTorch's convolution; `init` gives the weight those of a linear layer from a patch's pixels.
 */
export function patchEmbed(
  store: Store,
  channels: number,
  dim: number,
  patch: number,
  init?: BlockOptions['init'],
): Layer {
  const pixels = channels * patch * patch;
  const usual = { kind: 'uniform', bound: 1 / Math.sqrt(pixels) } as const;
  const first = init?.(pixels, dim) ?? usual;
  const weight = store.parameter('proj.weight', [patch, patch, channels, dim], first, 'conv_weight');
  const bias = store.parameter('proj.bias', [dim], usual);
  return (tape, x) => {
    const [, height = 0, width = 0] = x.shape;
    if (height % patch !== 0 || width % patch !== 0)
      throw new Error(`${store.name}: images of ${height}×${width} px cannot be cut into patches of ${patch} px.`);
    return tape.scope(store.name, () => conv2d(tape, x, weight, bias, { stride: [patch, patch], tokens: true }));
  };
}

/** The shape of a vision transformer. */
export interface VisionTransformerOptions extends BlockOptions {
  /** Blocks. */
  readonly depth: number;
  /** Height and width of a patch in pixels. */
  readonly patch: number;
  /** Of the images, which fixes how many position embeddings there are; 224×224 unless given. */
  readonly image_size?: readonly [height: number, width: number];
  /** Channels of the images; 3 unless given. */
  readonly channels?: number;
  /** Features are the mean of the patches' tokens through `fc_norm` (the default), or the class token through `norm`. */
  readonly global_pool?: boolean;
  /** Position embeddings are trained (the default), or MAE's fixed sines and cosines. */
  readonly positions?: 'learned' | 'sincos';
  /** Stochastic depth in training: the last block's probability, which rises in a straight line from 0; 0 unless given. */
  readonly drop_path?: number;
}

/** A vision transformer as an encoder. */
export interface VisionTransformer extends Encoder {
  /** What `forward` computes, with masks [depth, 2, batch] that tell which images keep which branch; all where absent. */
  features(tape: Tape, images: Tensor, masks?: Tensor): Tensor;
  /** All tokens behind the blocks, [batch, 1 + patches, dim], the class token's first. */
  tokens(tape: Tape, images: Tensor, options?: TokenOptions): Tensor;
  /** The last norm, of each row by itself. */
  readonly norm: Layer;
  /** Rows and columns of the patches. */
  readonly grid: Grid;
  readonly patch: number;
}

/** What becomes of tokens on their way. */
export interface TokenOptions {
  /** Those that go through the blocks, of all that are embedded. */
  readonly seen?: (embedded: Tensor) => Tensor;
  /** [depth, 2, batch]: which images keep which branch. */
  readonly masks?: Tensor | undefined;
}

/**
 * A vision transformer as MAE fine-tunes it, without its head: names, order and first values are timm's. He et al., "Masked
 * Autoencoders Are Scalable Vision Learners", 2022. Throws when a size does not fit.
 */
export function visionTransformer(
  store: Store,
  {
    depth,
    patch,
    image_size: [height, width] = [224, 224],
    channels = 3,
    global_pool = true,
    positions = 'learned',
    drop_path = 0,
    ...block
  }: VisionTransformerOptions,
): VisionTransformer {
  const { dim } = block;
  for (const [name, value] of Object.entries({ depth, patch })) checkNumber('visionTransformer', name, value, COUNT);
  if (height % patch !== 0 || width % patch !== 0)
    throw new Error(`visionTransformer: images of ${height}×${width} px cannot be cut into patches of ${patch} px.`);
  const cls_token = store.parameter('cls_token', [1, 1, dim], NORMAL());
  const grid = [height / patch, width / patch] as const;
  const placed = [1, 1 + grid[0] * grid[1], dim];
  const pos_embed =
    positions === 'sincos'
      ? store.buffer('pos_embed', placed, sincosPositions(dim, grid), grid)
      : store.parameter('pos_embed', placed, NORMAL(), undefined, grid);
  const embed = patchEmbed(store.scope('patch_embed'), channels, dim, patch, block.init);
  const blocks = Array.from({ length: depth }, (_, index) => transformerBlock(store.scope(`blocks.${index}`), block));
  const norm = layerNormLayer(store.scope(global_pool ? 'fc_norm' : 'norm'), dim);
  const tokens = (tape: Tape, images: Tensor, { seen = (all) => all, masks }: TokenOptions = {}) => {
    const [batch = 1] = images.shape;
    let x = seen(embedTokens(tape, embed(tape, images), { cls_token, pos_embed }));
    blocks.forEach((block, index) => {
      const drop_prob = (drop_path * index) / Math.max(1, depth - 1);
      const branch = (number: number): Dropped => ({
        mask: masks as Tensor,
        first: (2 * index + number) * batch,
        drop_prob,
      });
      x = block(tape, x, masks && drop_prob > 0 ? [branch(0), branch(1)] : undefined);
    });
    return x;
  };
  // A norm is each row's own, so that the class token's needs no other's.
  const features = (tape: Tape, images: Tensor, masks?: Tensor) =>
    norm(tape, poolTokens(tape, tokens(tape, images, { masks }), global_pool ? 'patches' : 'class'));
  return {
    ...{ dim, channels, features, tokens, norm, grid, patch },
    forward: (tape, images, training) => {
      const [batch = 1] = images.shape;
      const drops = training && drop_path > 0;
      return features(tape, images, drops ? drawDropPath(tape, { depth, batch, rate: drop_path }) : undefined);
    },
  };
}

/**
 * The vision transformers by MAE's and timm's names, for images of 224 px unless told otherwise. The tiny one is DeiT's (Touvron et
 * al., 2021), for slow adapters; the mini one is this project's own, for small images as of CIFAR, of 32 px.
 */
export const VITS = {
  vit_mini_patch4: { dim: 96, depth: 4, heads: 3, patch: 4, image_size: [32, 32] },
  vit_tiny_patch16: { dim: 192, depth: 12, heads: 3, patch: 16 },
  vit_small_patch16: { dim: 384, depth: 12, heads: 6, patch: 16 },
  vit_base_patch16: { dim: 768, depth: 12, heads: 12, patch: 16 },
} as const satisfies Record<string, VisionTransformerOptions>;

const named =
  (name: keyof typeof VITS) =>
  (store: Store, options: Partial<VisionTransformerOptions> = {}): VisionTransformer =>
    visionTransformer(store, { ...VITS[name], ...options });

/** For images of 32 px: features of 96 channels. */
export const vit_mini_patch4 = named('vit_mini_patch4');

/** ViT-Ti/16: features of 192 channels. */
export const vit_tiny_patch16 = named('vit_tiny_patch16');

/** ViT-S/16: features of 384 channels. */
export const vit_small_patch16 = named('vit_small_patch16');

/** ViT-B/16: features of 768 channels. */
export const vit_base_patch16 = named('vit_base_patch16');
