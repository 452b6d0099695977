import { linearLayer, type Module } from './layers.ts';
import type { Store } from './store.ts';

/** An encoder of images: [N, H, W, channels] to features [N, dim]. */
export interface Encoder {
  readonly forward: Module;
  readonly dim: number;
  readonly channels: number;
  /** The convolutions that end its stages, before their batch norm, by name with their channels; absent where it has none. */
  readonly feature_maps?: readonly { readonly name: string; readonly channels: number }[];
}

/** An encoder with a classifier on top, named `fc` as torchvision's or `head` as timm's: images to logits. */
export function withClassifier(store: Store, encoder: Encoder, classes: number, name: 'fc' | 'head' = 'fc'): Module {
  const head = linearLayer(store.scope(name), encoder.dim, classes);
  return (tape, x, training) => head(tape, encoder.forward(tape, x, training));
}
