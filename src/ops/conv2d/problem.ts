import { grid, type Target, type Workgroups } from '../../gpu/kernel/target.ts';
import { COUNT, checkNumber, checkPair, WHOLE } from '../../tape/check.ts';
import { shapeError } from '../../tape/tape.ts';
import { showShape, type Tensor } from '../../tape/tensor.ts';
import type { Gemm } from '../gemm/problem.ts';
import type { Tiling } from '../gemm/tilings.ts';
import { type GemmCandidate, gemmGrid, type Tunable } from '../gemm.ts';

type Pair = readonly [height: number, width: number];

/** What `conv2d` is told besides its tensors, with PyTorch's names and meaning; pairs are [height, width]. */
export interface Conv2dOptions {
  /** Pixels from one window to the next, at least 1; [1, 1] unless given. */
  readonly stride?: Pair;
  /** Zeros on either side, at least 0; [0, 0] unless given. */
  readonly padding?: Pair;
  /** Pixels from one tap of the filter to the next, at least 1; [1, 1] unless given. */
  readonly dilation?: Pair;
  /** Input and output channels are cut into so many parts that know nothing of each other; 1 unless given. */
  readonly groups?: number;
  /** Whether the result goes through a ReLU. */
  readonly relu?: boolean;
  /** Whether a batch normalisation by the batch's statistics follows: the result may then come with `moments`. */
  readonly moments?: boolean;
  /** Whether the result's pixels are one dimension, row by row: the tokens [N, H · W, K] of a transformer. */
  readonly tokens?: boolean;
}

/** The uniforms of every convolution kernel but those of the weight gradient's split. */
export type Conv = ReturnType<typeof describe>;

export function describe(x: Tensor, weight: Tensor, bias: Tensor | undefined, options: Conv2dOptions) {
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 } = options;
  for (const [name, pair] of Object.entries({ stride, dilation })) checkPair('conv2d', name, pair, COUNT);
  checkPair('conv2d', 'padding', padding, WHOLE);
  checkNumber('conv2d', 'groups', groups, COUNT);
  if (x.shape.length !== 4) throw shapeError('conv2d', 'x', x.shape, '[N, H, W, C] is needed');
  if (weight.shape.length !== 4)
    throw shapeError('conv2d', 'weight', weight.shape, '[height, width, in, out] is needed');
  const [batch, in_height, in_width, in_channels] = x.shape as [number, number, number, number];
  const [kernel_height, kernel_width, depth, out_channels] = weight.shape as [number, number, number, number];
  const groupsOf = groups === 1 ? '' : ` in ${groups} groups`;
  if (depth * groups !== in_channels)
    throw shapeError('conv2d', 'weight', weight.shape, `x has ${in_channels} channels${groupsOf}`);
  if (out_channels % groups !== 0)
    throw shapeError('conv2d', 'weight', weight.shape, `its last size is no multiple of ${groups} groups`);
  if (bias && showShape(bias.shape) !== showShape([out_channels]))
    throw shapeError('conv2d', 'bias', bias.shape, `weight has ${showShape(weight.shape)}`);
  const size = (axis: 0 | 1, length: number, kernel: number) =>
    Math.floor((length + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis]) + 1;
  const out_height = size(0, in_height, kernel_height);
  const out_width = size(1, in_width, kernel_width);
  if (out_height < 1 || out_width < 1)
    throw shapeError(
      'conv2d',
      'x',
      x.shape,
      `the filter ${showShape(weight.shape)} is larger, padding [${padding}] included`,
    );
  return {
    ...{ batch, in_height, in_width, in_channels, out_height, out_width, out_channels, kernel_height, kernel_width },
    ...{ stride_height: stride[0], stride_width: stride[1], pad_height: padding[0], pad_width: padding[1] },
    ...{ dilation_height: dilation[0], dilation_width: dilation[1], groups },
  };
}

export const pixelsOf = ({ batch, out_height, out_width }: Conv) => batch * out_height * out_width;
export const tapsOf = ({ kernel_height, kernel_width }: Conv) => kernel_height * kernel_width;
export const flopsOf = (conv: Conv) =>
  (2 * pixelsOf(conv) * tapsOf(conv) * conv.in_channels * conv.out_channels) / conv.groups;
/** Whether it is one matrix product over all pixels. */
export const isPointwise = (conv: Conv) =>
  tapsOf(conv) === 1 &&
  conv.groups === 1 &&
  conv.stride_height * conv.stride_width === 1 &&
  conv.pad_height + conv.pad_width === 0;

/** What kernels are chosen by besides the sizes of the product; `operands` is for example `3x3/2x2`: filter, strides, any dilation. */
export const operandsOf = (conv: Conv) => {
  const { kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width } = conv;
  const { in_channels, out_channels, groups } = conv;
  const dilation = dilation_height * dilation_width === 1 ? '' : `*${dilation_height}x${dilation_width}`;
  return {
    vec4: (in_channels / groups) % 4 === 0 && (out_channels / groups) % 4 === 0,
    groups,
    depthwise: groups > 1 && in_channels === groups && out_channels === groups,
    operands: `${kernel_height}x${kernel_width}/${stride_height}x${stride_width}${dilation}`,
  };
};

/** The launch of a GEMM kernel. */
export const tiled = (
  target: Target,
  gemm: Gemm,
  tiling: Tiling,
): { constants: Record<string, number>; workgroups: Workgroups } => ({
  constants: { ...tiling.constants },
  workgroups: gemmGrid(target, gemm, tiling),
});

/** A kernel for convolutions whose groups have one channel each way. */
export const depthwiseCandidate = <K>(kernel: Tunable<K>, channels: 1 | 4): GemmCandidate<K> => ({
  name: channels === 4 ? 'depthwise' : 'depthwise_scalar',
  unfit({ depthwise, groups = 1 }) {
    if (!depthwise) return 'a group has more than one channel';
    return groups % channels === 0 ? undefined : `${groups} channels are no multiple of ${channels}`;
  },
  kernel,
  channels,
});

/** The launch of a kernel without tiles: one of `strips` and so many channels an invocation if depthwise, else one of `elements`. */
export function untiled(
  target: Target,
  conv: Conv,
  channels: 1 | 4 | undefined,
  { strips, elements }: { strips: number; elements: number },
): { constants: Record<string, number>; workgroups: Workgroups } {
  const invocations = channels ? (strips * conv.in_channels) / channels : elements;
  const SLIDE = conv.stride_width === conv.dilation_width ? 1 : 0;
  return { constants: channels ? { SLIDE } : {}, workgroups: grid(target, Math.ceil(invocations / UNTILED_WORKGROUP)) };
}

/** The workgroup size of the kernels without tiles. */
export const UNTILED_WORKGROUP = 64;

/** The uniforms of a convolution that is not split. */
export const UNSPLIT = { split_pixels: 0, partial_size: 0 };
