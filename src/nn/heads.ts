import { linearLayer, type Module, sequential } from './layers.ts';
import type { Store } from './store.ts';

/** Sizes of a projector. */
export interface ProjectorOptions {
  /** Features between the layers; as many as it is given unless given. */
  readonly hidden?: number;
  /** 256 unless given. */
  readonly out?: number;
  /** 2 unless given; 1 is a linear map without a hidden layer, under the projector's own name. */
  readonly layers?: 1 | 2;
}

/**
 * The projector of contrastive learning: Linear, ReLU, Linear, named `0` and `2` as in PyTorch's `nn.Sequential`.
 * The L2 normalisation that follows in the paper is part of `supCon`.
 */
export const projector = (
  store: Store,
  dim: number,
  { hidden = dim, out = 256, layers = 2 }: ProjectorOptions = {},
): Module =>
  layers === 1
    ? linearLayer(store, dim, out)
    : sequential(
        linearLayer(store.scope('0'), dim, hidden, { relu: true }),
        linearLayer(store.scope('2'), hidden, out),
      );

/** How a classifier differs from COIN's. */
export interface HeadOptions {
  /** None unless given. */
  readonly bias?: boolean;
  /** Of the weights' normal first values, where they are not uniform in ±1/√dim; the bias is then 0 at first. */
  readonly deviation?: number;
}

/** A linear classifier, without bias unless asked for, as COIN's. */
export const classifier = (
  store: Store,
  dim: number,
  classes: number,
  { bias = false, deviation }: HeadOptions = {},
): Module =>
  linearLayer(store, dim, classes, {
    bias,
    ...(deviation !== undefined && { init: { kind: 'normal', deviation } }),
  });
