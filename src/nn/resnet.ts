import { globalAvgPool2d } from '../ops/global_avg_pool2d.ts';
import { maxPool2d } from '../ops/max_pool2d.ts';
import type { Encoder } from './encoder.ts';
import { batchNormLayer, convLayer, type Module } from './layers.ts';
import type { Store } from './store.ts';

/** The shape of a ResNet. */
export interface ResNetOptions {
  /** Blocks of each stage; a stage has twice the width of the one before and half its resolution. */
  layers: readonly number[];
  block: 'basic' | 'bottleneck';
  /** Width of the first stage in channels; 64 unless given. */
  width?: number;
  /** Channels of the images; 3 unless given. */
  channels?: number;
  /** What comes before the stages; see `STEMS`. `imagenet` unless given. */
  stem?: keyof typeof STEMS;
  /** What the 1×1 convolution and batch norm beside a block are called; `downsample` unless given. */
  shortcut?: 'downsample' | 'shortcut';
  /** Of which side of a convolution Kaiming's initialisation keeps the variance; `out` unless given. */
  fan?: 'in' | 'out';
}

/** First convolutions: torchvision's for photographs, and two for images of about 32 px, which are not pooled. */
export const STEMS = {
  imagenet: { kernel: 7, stride: 2, padding: 3, pool: true },
  small: { kernel: 3, stride: 1, padding: 1, pool: false },
  halving: { kernel: 3, stride: 2, padding: 1, pool: false },
};

const EXPANSION = { basic: 1, bottleneck: 4 };

/**
 * A ResNet v1.5 as torchvision builds it (stride in the 3×3 convolution of a bottleneck), without `fc`: names, order and
 * initialisation are torchvision's. He et al., "Deep Residual Learning for Image Recognition", 2016.
 */
export function resnet(
  store: Store,
  { layers, block, width = 64, channels = 3, stem = 'imagenet', ...style }: ResNetOptions,
): Encoder {
  const { pool, ...first } = STEMS[stem];
  const conv1 = convLayer(store.scope('conv1'), channels, width, { ...first, ...style });
  const bn1 = batchNormLayer(store.scope('bn1'), width);
  const makeBlock = block === 'basic' ? basicBlock : bottleneck;
  const blocks: Module[] = [];
  const feature_maps: { name: string; channels: number }[] = [];
  let from = width;
  layers.forEach((count, stage) => {
    for (let index = 0; index < count; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      blocks.push(makeBlock(store.scope(`layer${stage + 1}.${index}`), from, width * 2 ** stage, stride, style));
      from = width * 2 ** stage * EXPANSION[block];
    }
    const last = `layer${stage + 1}.${count - 1}.conv${block === 'basic' ? 2 : 3}`;
    if (count > 0) feature_maps.push({ name: store.scope(last).name, channels: from });
  });
  const forward: Module = (tape, x, training) => {
    let y = bn1(tape, conv1(tape, x, training), training, { relu: true });
    if (pool)
      y = tape.scope(store.scope('maxpool').name, () =>
        maxPool2d(tape, y, { kernel: [3, 3], stride: [2, 2], padding: [1, 1] }),
      );
    for (const residual of blocks) y = residual(tape, y, training);
    return tape.scope(store.scope('avgpool').name, () => globalAvgPool2d(tape, y));
  };
  return { forward, dim: from, channels, feature_maps };
}

/**
 * The ResNets by name, but for the channels of their images. resnet8 is a narrow one for small images on slow adapters: a stem
 * that halves the image, then one basic block at each of 2, 4 and 8 times the stem's width (the first stage is left out, so
 * that every block halves again). resnet56 is He et al.'s for CIFAR with projections in place of padded shortcuts, under the
 * names and with the first values that COIN's released code gives it. All others are torchvision's.
 */
export const RESNETS = {
  resnet8: { block: 'basic', layers: [0, 1, 1, 1], width: 16, stem: 'halving' },
  resnet18: { block: 'basic', layers: [2, 2, 2, 2], width: 64, stem: 'imagenet' },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3], width: 64, stem: 'imagenet' },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3], width: 64, stem: 'imagenet' },
  resnet56: { block: 'basic', layers: [9, 9, 9], width: 16, stem: 'small', shortcut: 'shortcut', fan: 'in' },
  resnet101: { block: 'bottleneck', layers: [3, 4, 23, 3], width: 64, stem: 'imagenet' },
} as const satisfies Record<string, ResNetOptions & { width: number; stem: keyof typeof STEMS }>;

const named =
  (name: keyof typeof RESNETS) =>
  (store: Store, options: Partial<ResNetOptions> = {}): Encoder =>
    resnet(store, { ...RESNETS[name], ...options });

/** The narrow ResNet of `RESNETS`: features of 128 channels at its usual width. */
export const resnet8 = named('resnet8');

/** torchvision's ResNet-18 without `fc`: features of 512 channels. */
export const resnet18 = named('resnet18');

/** torchvision's ResNet-34 without `fc`: features of 512 channels. */
export const resnet34 = named('resnet34');

/** torchvision's ResNet-50 without `fc`: features of 2048 channels. */
export const resnet50 = named('resnet50');

/** The ResNet-56 for CIFAR of `RESNETS`: features of 64 channels. */
export const resnet56 = named('resnet56');

/** torchvision's ResNet-101 without `fc`: features of 2048 channels. */
export const resnet101 = named('resnet101');

type Style = Pick<ResNetOptions, 'shortcut' | 'fan'>;

function basicBlock(store: Store, from: number, width: number, stride: number, style: Style): Module {
  const conv1 = convLayer(store.scope('conv1'), from, width, { kernel: 3, stride, padding: 1, ...style });
  const bn1 = batchNormLayer(store.scope('bn1'), width);
  const conv2 = convLayer(store.scope('conv2'), width, width, { kernel: 3, padding: 1, ...style });
  const bn2 = batchNormLayer(store.scope('bn2'), width);
  const shortcut = downsample(store, from, width, stride, style);
  return (tape, x, training) => {
    const y = bn1(tape, conv1(tape, x, training), training, { relu: true });
    return bn2(tape, conv2(tape, y, training), training, { relu: true, residual: shortcut(tape, x, training) });
  };
}

function bottleneck(store: Store, from: number, width: number, stride: number, style: Style): Module {
  const to = width * EXPANSION.bottleneck;
  const conv1 = convLayer(store.scope('conv1'), from, width, { kernel: 1, ...style });
  const bn1 = batchNormLayer(store.scope('bn1'), width);
  const conv2 = convLayer(store.scope('conv2'), width, width, { kernel: 3, stride, padding: 1, ...style });
  const bn2 = batchNormLayer(store.scope('bn2'), width);
  const conv3 = convLayer(store.scope('conv3'), width, to, { kernel: 1, ...style });
  const bn3 = batchNormLayer(store.scope('bn3'), to);
  const shortcut = downsample(store, from, to, stride, style);
  return (tape, x, training) => {
    let y = bn1(tape, conv1(tape, x, training), training, { relu: true });
    y = bn2(tape, conv2(tape, y, training), training, { relu: true });
    return bn3(tape, conv3(tape, y, training), training, { relu: true, residual: shortcut(tape, x, training) });
  };
}

/** The identity, or a 1×1 convolution with batch norm where the shape changes. */
function downsample(store: Store, from: number, to: number, stride: number, style: Style): Module {
  if (stride === 1 && from === to) return (_tape, x) => x;
  const { shortcut: name = 'downsample' } = style;
  const conv = convLayer(store.scope(`${name}.0`), from, to, { kernel: 1, stride, ...style });
  const bn = batchNormLayer(store.scope(`${name}.1`), to);
  return (tape, x, training) => bn(tape, conv(tape, x, training), training);
}
