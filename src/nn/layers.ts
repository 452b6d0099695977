import { batchNorm } from '../ops/batch_norm.ts';
import { conv2d } from '../ops/conv2d.ts';
import { layerNorm } from '../ops/layer_norm.ts';
import { linear } from '../ops/linear.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import type { Init, Store } from './store.ts';

const ONES: Init = { kind: 'constant', value: 1 };
const ZEROS: Init = { kind: 'constant', value: 0 };

/**
 * PyTorch's `module.training`: whether batch norm uses and updates batch statistics, those of the whole batch or, with `groups`,
 * of each of so many equal parts of it.
 */
export type Training = boolean | { readonly groups: number };

/** A part of a model. */
export type Module = (tape: Tape, x: Tensor, training: Training) => Tensor;

/** A module that computes the same in training and in evaluation. */
export type Layer = (tape: Tape, x: Tensor, training?: Training) => Tensor;

/** Applies modules one after the other. */
export const sequential =
  (...modules: Module[]): Module =>
  (tape, x, training) =>
    modules.reduce((value, module) => module(tape, value, training), x);

/**
 * `nn.Linear`, [..., from] to [..., to], with a ReLU after it where asked: weights and bias uniform in ±1/√from, or the weights as
 * `init` says and the bias 0.
 */
export function linearLayer(
  store: Store,
  from: number,
  to: number,
  { bias = true, relu = false, init }: { bias?: boolean; relu?: boolean; init?: Init } = {},
): Layer {
  const uniform: Init = { kind: 'uniform', bound: 1 / Math.sqrt(from) };
  const weight = store.parameter('weight', [from, to], init ?? uniform, 'linear_weight');
  const offset = bias ? store.parameter('bias', [to], init ? ZEROS : uniform) : undefined;
  return (tape, x) => tape.scope(store.name, () => linear(tape, x, weight, offset, { relu }));
}

/** A square convolution: sizes in pixels, the same in both directions. */
export interface ConvOptions {
  kernel: number;
  /** 1 unless given. */
  stride?: number;
  /** Zeros on each side; 0 unless given. */
  padding?: number;
  /** Of which side the first values keep the variance; `out` unless given. */
  fan?: 'in' | 'out';
}

/**
 * A convolution without bias as torchvision's ResNets have it, before a batch norm: images [N, H, W, from] to
 * [N, H', W', to]. Kaiming normal, gain of ReLU.
 */
export function convLayer(
  store: Store,
  from: number,
  to: number,
  { kernel, stride = 1, padding = 0, fan = 'out' }: ConvOptions,
): Module {
  const channels = fan === 'out' ? to : from;
  const init = { kind: 'normal', deviation: Math.sqrt(2 / (kernel * kernel * channels)) } as const;
  const weight = store.parameter('weight', [kernel, kernel, from, to], init, 'conv_weight');
  return (tape, x, training) =>
    tape.scope(store.name, () =>
      conv2d(tape, x, weight, undefined, {
        ...{ stride: [stride, stride], padding: [padding, padding] },
        moments: training === true,
      }),
    );
}

/** What `nn.BatchNorm2d` does, with what usually follows it fused: y = relu(bn(x) + residual). */
export type BatchNormModule = (
  tape: Tape,
  x: Tensor,
  training: Training,
  fused?: { relu?: boolean; residual?: Tensor },
) => Tensor;

/**
 * `nn.BatchNorm2d` over the last dimension of [N, H, W, channels] or [N, channels]: weights 1, biases 0, running means 0 and
 * variances 1 at first.
 */
export function batchNormLayer(store: Store, channels: number): BatchNormModule {
  const state = {
    weight: store.parameter('weight', [channels], ONES),
    bias: store.parameter('bias', [channels], ZEROS),
    running_mean: store.buffer('running_mean', [channels], 0),
    running_var: store.buffer('running_var', [channels], 1),
  };
  return (tape, x, training, fused = {}) => {
    const groups = typeof training === 'object' ? training : {};
    return tape.scope(store.name, () =>
      batchNorm(tape, x, state, { training: training !== false, ...groups, ...fused }),
    );
  };
}

/** `nn.LayerNorm` over the last dimension with the eps of vision transformers: weights 1 and biases 0 at first. */
export function layerNormLayer(store: Store, dim: number, { eps = 1e-6 } = {}): Layer {
  const affine = { weight: store.parameter('weight', [dim], ONES), bias: store.parameter('bias', [dim], ZEROS) };
  return (tape, x) => tape.scope(store.name, () => layerNorm(tape, x, affine, { eps }));
}
