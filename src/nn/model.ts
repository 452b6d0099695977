import { classifier, projector } from './heads.ts';
import type { Module } from './layers.ts';
import {
  type Encoder,
  type ResNetOptions,
  resnet8,
  resnet18,
  resnet34,
  resnet50,
  resnet56,
  resnet101,
} from './resnet.ts';
import { createStore, type Store } from './store.ts';

/** An encoder with the heads that fine-tuning needs, named `encoder.*`, `projector.*` and `classifier.*`. */
export interface Model {
  /** What `createModel` made it of: from the same options comes the same model, first values included. */
  readonly options?: ModelOptions;
  readonly store: Store;
  readonly encoder: Encoder;
  readonly projector: Module | undefined;
  readonly classifier: Module | undefined;
}

/** The encoders by their names in `ModelOptions`. */
export const encoders = { resnet8, resnet18, resnet34, resnet50, resnet56, resnet101 };

/** What a model is made of. */
export interface ModelOptions {
  /** See `RESNETS`. */
  readonly arch: keyof typeof encoders;
  /** Width of the first stage, stem and image channels of the encoder. */
  readonly encoder?: Pick<ResNetOptions, 'width' | 'stem' | 'channels'>;
  /** Hidden (the features' unless given) and output width (256) of the projector; no projector where absent. */
  readonly projector?: { readonly hidden?: number; readonly out?: number } | undefined;
  /** Classes of the classifier; no classifier where absent. */
  readonly classes?: number | undefined;
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
 * Throws when a size or the seed is no whole number in its range, or there is no such `arch`.
 */
export function createModel<const O extends ModelOptions>(modelOptions: O): ModelOf<O>;
export function createModel(modelOptions: ModelOptions): Model {
  const { arch, encoder: options, projector: head, classes, seed } = modelOptions;
  if (!Object.hasOwn(encoders, arch))
    throw new Error(`createModel: arch is ${arch}, but it must be one of ${Object.keys(encoders).join(', ')}.`);
  const store = createStore(seed);
  const encoder = encoders[arch](store.scope('encoder'), options);
  return {
    options: modelOptions,
    store,
    encoder,
    projector: head && projector(store.scope('projector'), encoder.dim, head.hidden, head.out),
    classifier: classes === undefined ? undefined : classifier(store.scope('classifier'), encoder.dim, classes),
  };
}
