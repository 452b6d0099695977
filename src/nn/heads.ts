import { linearLayer, type Module, sequential } from './layers.ts';
import type { Store } from './store.ts';

/**
 * The projector of contrastive learning: Linear, ReLU, Linear, named `0` and `2` as in PyTorch's `nn.Sequential`.
 * The L2 normalisation that follows in the paper is part of `supCon`.
 */
export const projector = (store: Store, dim: number, hidden = dim, out = 256): Module =>
  sequential(linearLayer(store.scope('0'), dim, hidden, { relu: true }), linearLayer(store.scope('2'), hidden, out));

/** A linear classifier without bias, as COIN's. */
export const classifier = (store: Store, dim: number, classes: number): Module =>
  linearLayer(store, dim, classes, { bias: false });
