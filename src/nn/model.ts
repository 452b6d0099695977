import { classifier, projector } from './heads.ts';
import type { Module } from './layers.ts';
import { type Encoder, type ResNetOptions, resnet8, resnet18, resnet50 } from './resnet.ts';
import { createStore, type Store } from './store.ts';

/** An encoder with the heads that fine-tuning needs, named `encoder.*`, `projector.*` and `classifier.*`. */
export interface Model {
  readonly store: Store;
  readonly encoder: Encoder;
  readonly projector: Module | undefined;
  readonly classifier: Module | undefined;
}

export const encoders = { resnet8, resnet18, resnet50 };

export interface ModelOptions {
  readonly arch: keyof typeof encoders;
  /** Width of the first stage, stem and image channels of the encoder. */
  readonly encoder?: Pick<ResNetOptions, 'width' | 'stem' | 'channels'>;
  /** Hidden and output width of the projector; no projector where absent. */
  readonly projector?: { readonly hidden?: number; readonly out?: number } | undefined;
  /** Classes of the classifier; no classifier where absent. */
  readonly classes?: number | undefined;
  /** Fixes all first values. */
  readonly seed: number;
}

export function createModel({ arch, encoder: options, projector: head, classes, seed }: ModelOptions): Model {
  const store = createStore(seed);
  const encoder = encoders[arch](store.scope('encoder'), options);
  return {
    store,
    encoder,
    projector: head && projector(store.scope('projector'), encoder.dim, head.hidden, head.out),
    classifier: classes === undefined ? undefined : classifier(store.scope('classifier'), encoder.dim, classes),
  };
}
