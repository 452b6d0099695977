// The networks whose training steps are compared between engines: each is a list of layers, which every engine builds
// from in its own way, with the same first weights and the same batches.
import { randomNormal, randomUniform } from '../../src/data/random.ts';
import { elements, type Shape } from '../../src/tape/tensor.ts';
import type { Layout } from '../../src/weights/layout.ts';

/**
 * A convolution with padding (kernel - 1) / 2, then batch norm in training mode (`norm`; the convolution then has no
 * bias) or a bias, then, where the layer ends a residual block, the sum with the shortcut, then ReLU.
 */
export interface ConvLayer {
  readonly kind: 'conv';
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly norm: boolean;
  readonly relu: boolean;
}

/** relu(main(x) + shortcut(x)); without layers the shortcut is the identity. */
export interface Residual {
  readonly kind: 'residual';
  readonly main: readonly ConvLayer[];
  readonly shortcut: readonly ConvLayer[];
}

export interface LinearLayer {
  readonly kind: 'linear';
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Pooling is the maximum over windows of 2×2 pixels. */
export type Layer =
  | ConvLayer
  | Residual
  | LinearLayer
  | { readonly kind: 'max_pool' }
  | { readonly kind: 'global_avg_pool' };

/** A training step: mean cross-entropy of 10 classes, SGD with momentum. */
export interface Network {
  readonly name: string;
  /** Batch, height, width, channels. */
  readonly images: readonly [number, number, number, number];
  readonly layers: readonly Layer[];
}

export const CLASSES = 10;
export const SGD = { lr: 0.01, momentum: 0.9 };
export const BATCH_NORM = { eps: 1e-5, momentum: 0.1 };

/** What an engine needs to run a network's layers on its values of type T. */
export interface Ops<T> {
  /** `residual` is added before the ReLU. */
  conv(x: T, layer: ConvLayer, residual?: T): T;
  maxPool(x: T): T;
  globalAvgPool(x: T): T;
  linear(x: T, layer: LinearLayer): T;
  /** The same value for a second use, where an engine counts uses. */
  again(x: T): T;
}

/** The logits of a batch of images. */
export function forward<T>(layers: readonly Layer[], images: T, ops: Ops<T>): T {
  const run = (x: T, layer: Layer): T => {
    switch (layer.kind) {
      case 'conv':
        return ops.conv(x, layer);
      case 'linear':
        return ops.linear(x, layer);
      case 'max_pool':
        return ops.maxPool(x);
      case 'global_avg_pool':
        return ops.globalAvgPool(x);
      case 'residual': {
        const shortcut = forward(layer.shortcut, ops.again(x), ops);
        return ops.conv(forward(layer.main.slice(0, -1), x, ops), layer.main.at(-1) as ConvLayer, shortcut);
      }
    }
  };
  return layers.reduce(run, images);
}

/** A first value, in the engine's layout; what is not trained are the running statistics of a batch norm. */
export interface Weight {
  readonly name: string;
  readonly shape: Shape;
  readonly layout?: Layout;
  readonly data: Float32Array<ArrayBuffer>;
  readonly trained: boolean;
}

/** The first values of all weights: Kaiming normal for convolutions, and for the last layer as PyTorch's `nn.Linear`. */
export function weightsOf({ layers }: Network): Weight[] {
  let stream = 0;
  const constant = (name: string, channels: number, value: number, trained = true): Weight => ({
    ...{ name, shape: [channels], trained },
    data: new Float32Array(channels).fill(value),
  });
  const convWeights = ({ name, from, to, kernel, norm }: ConvLayer): Weight[] => {
    const shape = [kernel, kernel, from, to];
    const data = randomNormal(elements(shape), Math.sqrt(2 / (kernel * kernel * from)), SEED, stream++);
    const weight: Weight = { name: `${name}.weight`, shape, layout: 'conv_weight', data: owned(data), trained: true };
    if (!norm) return [weight, constant(`${name}.bias`, to, 0)];
    return [
      weight,
      constant(`${name}.scale`, to, 1),
      constant(`${name}.offset`, to, 0),
      constant(`${name}.running_mean`, to, 0, false),
      constant(`${name}.running_var`, to, 1, false),
    ];
  };
  return layers.flatMap((layer): Weight[] => {
    switch (layer.kind) {
      case 'conv':
        return convWeights(layer);
      case 'residual':
        return [...layer.main, ...layer.shortcut].flatMap(convWeights);
      case 'linear': {
        const bound = 1 / Math.sqrt(layer.from);
        const data = randomUniform(layer.from * layer.to, -bound, bound, SEED, stream++);
        const shape = [layer.from, layer.to];
        return [
          { name: `${layer.name}.weight`, shape, layout: 'linear_weight', data: owned(data), trained: true },
          constant(`${layer.name}.bias`, layer.to, 0),
        ];
      }
      default:
        return [];
    }
  });
}

export interface Batch {
  /** NHWC. */
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** The batch of a step: one of a few that take turns. */
export function batchesOf({ images }: Network): (step: number) => Batch {
  const batches = Array.from({ length: BATCHES }, (_, index) => ({
    images: owned(randomNormal(elements(images), 1, SEED + 1, index)),
    labels: Int32Array.from({ length: images[0] }, (_, i) => (7 * i + index) % CLASSES),
  }));
  return (step) => batches[step % BATCHES] as Batch;
}

const SEED = 1;
const BATCHES = 4;

const owned = (data: Float32Array) => data as Float32Array<ArrayBuffer>;

const conv = (
  name: string,
  from: number,
  to: number,
  options: Partial<Pick<ConvLayer, 'kernel' | 'stride' | 'norm' | 'relu'>> = {},
): ConvLayer => ({ kind: 'conv', name, from, to, kernel: 3, stride: 1, norm: true, relu: true, ...options });

/** Two convolutions with ReLU and pooling, then a linear layer on the mean over pixels. */
const SMALL_CNN: readonly Layer[] = [
  conv('conv1', 1, 32, { norm: false }),
  { kind: 'max_pool' },
  conv('conv2', 32, 64, { norm: false }),
  { kind: 'max_pool' },
  { kind: 'global_avg_pool' },
  { kind: 'linear', name: 'fc', from: 64, to: CLASSES },
];

/**
 * A ResNet of basic blocks for small images, whose stem is a 3×3 convolution with stride 1: `blocks` of each stage, the
 * first `width` wide and each later one twice as wide at half the resolution. He et al., "Deep Residual Learning for
 * Image Recognition", 2016.
 */
function resnet(blocks: readonly number[], width: number): Layer[] {
  const layers: Layer[] = [conv('stem', 3, width)];
  let from = width;
  blocks.forEach((count, stage) => {
    for (let index = 0; index < count; index++) {
      const name = `stage${stage + 1}.${index}`;
      const to = width * 2 ** stage;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      layers.push({
        kind: 'residual',
        main: [conv(`${name}.conv1`, from, to, { stride }), conv(`${name}.conv2`, to, to)],
        shortcut: from === to ? [] : [conv(`${name}.shortcut`, from, to, { kernel: 1, stride, relu: false })],
      });
      from = to;
    }
  });
  return [...layers, { kind: 'global_avg_pool' }, { kind: 'linear', name: 'fc', from, to: CLASSES }];
}

/** All that are compared, the quickest to train first. */
export const networks: readonly Network[] = [
  { name: 'train small CNN 28x28x1 B32', images: [32, 28, 28, 1], layers: SMALL_CNN },
  { name: 'train ResNet-8 32x32x3 B32', images: [32, 32, 32, 3], layers: resnet([1, 1, 1], 16) },
  { name: 'train ResNet-18 32x32x3 B2', images: [2, 32, 32, 3], layers: resnet([2, 2, 2, 2], 64) },
];
