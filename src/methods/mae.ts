import { layerNormLayer } from '../nn/layers.ts';
import { MASKED_ENCODER, withDecoder } from '../nn/mae.ts';
import { encoders, isViT, type Model, type ModelOptions } from '../nn/model.ts';
import { createStore } from '../nn/store.ts';
import type { VisionTransformer } from '../nn/vit.ts';
import { uniform } from '../ops/random.ts';
import { poolTokens } from '../ops/tokens.ts';
import type { MethodConfig } from './method.ts';
import { PHOTOGRAPH, type PretrainMethod } from './recipe.ts';

// Tells masks from other uses of one seed.
const STREAM_MASK = 0x6d61736b;

/**
 * MAE (He et al., "Masked Autoencoders Are Scalable Vision Learners", arXiv 2111.06377): a vision transformer sees a quarter of an
 * image's patches, and a small decoder predicts the pixels of the others from what it makes of them.
 */
export const mae: PretrainMethod = {
  name: 'mae',
  title: 'MAE',
  projector: false,
  classifier: false,
  settings: () => ['epochs', 'mask_ratio', 'norm_pix', 'decoder_dim', 'decoder_depth', 'decoder_heads'],
  // The paper's, whose steps are 4,096 images. For small images steps are small too, and encoder and decoder as narrow as they are.
  recipe: (size) => ({
    ...{ epochs: 800, lr: 1.5e-4, optimizer: 'adamw', betas: [0.9, 0.95], weight_decay: 0.05, decay: 'matrices' },
    ...(size < PHOTOGRAPH
      ? { arch: 'vit_mini_patch4', batch: 256 }
      : { arch: 'vit_base_patch16', batch: 64, accumulate: 64 }),
    // 40 of 800 epochs.
    schedule: ({ epochs }) => ({
      ...{ shape: 'warmup_cosine', changes: 'step', warmup_epochs: Math.min(40, epochs / 20) },
    }),
    drop_last: true,
    augmentation: 'mae-pretrain',
    config: {
      ...{ mask_ratio: 0.75, norm_pix: true },
      ...(size < PHOTOGRAPH
        ? { decoder_dim: 64, decoder_depth: 2, decoder_heads: 4 }
        : { decoder_dim: 512, decoder_depth: 8, decoder_heads: 16 }),
    },
  }),
  create: maskedModel,
  stages: ({ epochs }, { encoder, reconstruct }) => {
    if (!reconstruct) throw new Error('MAE trains a masked autoencoder: it needs a model that it has made itself.');
    const { grid } = encoder as VisionTransformer;
    return [
      {
        name: 'pre-training',
        epochs: [0, epochs],
        loss: ({ tape, images, counter }) => {
          const [batch = 0] = images.shape;
          const noise = uniform(tape, counter(), [batch, grid[0] * grid[1]], STREAM_MASK);
          return { reconstruction: { loss: reconstruct(tape, images, noise).loss, weight: 1 } };
        },
      },
    ];
  },
  // MAE's own program writes encoder and decoder side by side.
  checkpoint: ({ tensors }, { store }) =>
    new Map(
      store.entries.flatMap(({ name }) => {
        const tensor = tensors.get(name);
        return tensor ? [[name.replace(/^encoder\./, ''), tensor] as const] : [];
      }),
    ),
};

function maskedModel(
  options: ModelOptions,
  {
    mask_ratio = 0.75,
    norm_pix = true,
    decoder_dim = 512,
    decoder_depth = 8,
    decoder_heads = 16,
  }: Partial<MethodConfig>,
): Model {
  const { arch, encoder: given = {}, seed } = options;
  if (!isViT(arch))
    throw new Error(`MAE hides patches of a vision transformer, and a ${arch} has none; take --arch vit_mini_patch4.`);
  const { global_pool = true, ...shape } = given;
  const store = createStore(seed);
  const encoder = encoders[arch](store.scope('encoder'), { ...shape, ...MASKED_ENCODER });
  const decoder = { decoder_dim, decoder_depth, decoder_heads, mask_ratio, norm_pix };
  return {
    ...{ options, store, projector: undefined, classifier: undefined },
    encoder: global_pool ? asFineTuned(encoder) : encoder,
    reconstruct: withDecoder(store, encoder, decoder),
  };
}

/**
 * An encoder whose features are those with which fine-tuning begins: the mean of the patches' tokens through a norm with first
 * values, since the last norm of pre-training is of each token.
 */
function asFineTuned(encoder: VisionTransformer): VisionTransformer {
  const norm = layerNormLayer(createStore(0).scope('fc_norm'), encoder.dim);
  return {
    ...encoder,
    forward: (tape, images) => norm(tape, poolTokens(tape, encoder.tokens(tape, images), 'patches')),
  };
}
