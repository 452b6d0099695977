import type { Encoder } from './encoder.ts';
import { classifier, type HeadOptions, type ProjectorOptions, projector } from './heads.ts';
import type { Module } from './layers.ts';
import type { MaskedAutoencoder } from './mae.ts';
import { RESNETS, type ResNetOptions, resnet8, resnet18, resnet34, resnet50, resnet56, resnet101 } from './resnet.ts';
import { createStore, type Store } from './store.ts';
import {
  VITS,
  type VisionTransformerOptions,
  vit_base_patch16,
  vit_mini_patch4,
  vit_small_patch16,
  vit_tiny_patch16,
} from './vit.ts';

/** An encoder with the heads that fine-tuning needs, named `encoder.*`, `projector.*` and `classifier.*`. */
export interface Model {
  /** What `createModel` made it of: from the same options comes the same model, first values included. */
  readonly options?: ModelOptions;
  readonly store: Store;
  readonly encoder: Encoder;
  readonly projector: Module | undefined;
  readonly classifier: Module | undefined;
  /** Of a masked autoencoder: what it makes of images. */
  readonly reconstruct?: MaskedAutoencoder;
}

/** The encoders by their names in `ModelOptions`. */
export const encoders = {
  ...{ resnet8, resnet18, resnet34, resnet50, resnet56, resnet101 },
  ...{ vit_mini_patch4, vit_tiny_patch16, vit_small_patch16, vit_base_patch16 },
};

/** What an encoder may be told; an architecture reads those that its own options have. */
export interface EncoderOptions
  extends Pick<ResNetOptions, 'width' | 'stem' | 'channels'>,
    Pick<VisionTransformerOptions, 'image_size' | 'global_pool' | 'drop_path'> {}

/** Whether an architecture is a vision transformer; all others are ResNets. */
export const isViT = (arch: ModelOptions['arch']): arch is keyof typeof VITS => Object.hasOwn(VITS, arch);

/** The height and width of the images that a vision transformer is made for where nothing is said. */
export const usualSize = (arch: keyof typeof VITS): readonly [height: number, width: number] => {
  const { image_size = [224, 224] }: VisionTransformerOptions = VITS[arch];
  return image_size;
};

/** The options that an architecture is made with where none are given. */
export const encoderDefaults = (arch: ModelOptions['arch']): EncoderOptions =>
  isViT(arch)
    ? { image_size: usualSize(arch), global_pool: true }
    : { width: RESNETS[arch].width, stem: RESNETS[arch].stem };

const OTHERS = { resnet: ['image_size', 'global_pool', 'drop_path'], vit: ['width', 'stem'] };

/** What a model is made of. */
export interface ModelOptions {
  /** See `RESNETS` and `VITS`. */
  readonly arch: keyof typeof encoders;
  readonly encoder?: EncoderOptions;
  /** No projector where absent. */
  readonly projector?: ProjectorOptions | undefined;
  /** Classes of the classifier; no classifier where absent. */
  readonly classes?: number | undefined;
  readonly head?: HeadOptions | undefined;
  /** Fixes all first values; a whole number from 0. */
  readonly seed: number;
}

/** A model with the heads that its options ask for: those are there for certain. */
export type ModelOf<O extends ModelOptions> = Model & {
  readonly projector: O extends { readonly projector: object } ? Module : Module | undefined;
  readonly classifier: O extends { readonly classes: number } ? Module : Module | undefined;
};

/**
 * An encoder of images [N, H, W, channels] with the heads that are asked for, from random first values: `projector` maps
 * features [N, dim] to [N, out] for contrastive losses, `classifier` to logits [N, classes].
 * Throws when a size or the seed is no whole number in its range, when there is no such `arch`, or when it does not read an option.
 */
export function createModel<const O extends ModelOptions>(modelOptions: O): ModelOf<O>;
export function createModel(modelOptions: ModelOptions): Model {
  const { arch, encoder: options, projector: projection, classes, head, seed } = modelOptions;
  if (!Object.hasOwn(encoders, arch))
    throw new Error(`createModel: arch is ${arch}, but it must be one of ${Object.keys(encoders).join(', ')}.`);
  const idle = OTHERS[isViT(arch) ? 'vit' : 'resnet'].find((name) => options && name in options);
  if (idle) throw new Error(`createModel: a ${arch} does not read the option ${idle}.`);
  const store = createStore(seed);
  const encoder = encoders[arch](store.scope('encoder'), options);
  return {
    options: modelOptions,
    store,
    encoder,
    projector: projection && projector(store.scope('projector'), encoder.dim, projection),
    classifier: classes === undefined ? undefined : classifier(store.scope('classifier'), encoder.dim, classes, head),
  };
}
