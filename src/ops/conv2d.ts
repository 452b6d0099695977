import { kernels } from '../gpu/kernel/generated.ts';
import { grid, type Target, type Workgroups } from '../gpu/kernel/target.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { choose } from './candidates.ts';
import {
  type Body,
  chooseTiling,
  type Gemm,
  type GemmCandidate,
  gemmCandidate,
  gemmGrid,
  processorsOf,
  tilesOf,
} from './gemm.ts';
import { product } from './matmul.ts';
import { sumRows } from './reduce.ts';

type Pair = readonly [height: number, width: number];

export interface Conv2dOptions {
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

type ForwardKernel = (typeof kernels)['conv2d/forward_direct'];
type DgradKernel = (typeof kernels)['conv2d/dgrad_direct'];
type WgradKernel = (typeof kernels)['conv2d/wgrad_direct'];

export const forwardCandidates: readonly GemmCandidate<ForwardKernel>[] = [
  gemmCandidate<ForwardKernel>('subgroup', kernels['conv2d/forward_subgroup']),
  gemmCandidate<ForwardKernel>('tile', kernels['conv2d/forward_tile']),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register']),
  gemmCandidate<ForwardKernel>('subgroup', kernels['conv2d/forward_subgroup_scalar'], { scalar: true }),
  gemmCandidate<ForwardKernel>('tile', kernels['conv2d/forward_tile_scalar'], { scalar: true }),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register_scalar'], { scalar: true }),
  { name: 'direct', kernel: kernels['conv2d/forward_direct'] },
];

export const dgradCandidates: readonly GemmCandidate<DgradKernel>[] = [
  gemmCandidate<DgradKernel>('subgroup', kernels['conv2d/dgrad_subgroup']),
  gemmCandidate<DgradKernel>('tile', kernels['conv2d/dgrad_tile']),
  gemmCandidate<DgradKernel>('register', kernels['conv2d/dgrad_register']),
  { name: 'direct', kernel: kernels['conv2d/dgrad_direct'] },
];

export const wgradCandidates: readonly GemmCandidate<WgradKernel>[] = [
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup']),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile']),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register']),
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup_scalar'], { scalar: true }),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile_scalar'], { scalar: true }),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register_scalar'], { scalar: true }),
  { name: 'direct', kernel: kernels['conv2d/wgrad_direct'] },
];

/**
 * The cross-correlation of x [N, H, W, C] with weight [kernel height, kernel width, C / groups, K], plus bias [K].
 * Throws when a shape does not fit, or when the filter is larger than the padded image.
 */
export function conv2d(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const conv = describe(x, weight, bias, options);
  const y = tape.empty([conv.batch, conv.out_height, conv.out_width, conv.out_channels], 'conv2d');
  forward(tape, conv, x, weight, bias, y);
  const inputs: Record<string, Tensor> = { x, weight, ...(bias && { bias }) };
  return tape.record('conv2d', inputs, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'conv2d.grad_x');
      dgrad(tape, conv, dy, weight, dx);
      return dx;
    },
    weight: (into) => {
      const dw = into ?? tape.empty(weight.shape, 'conv2d.grad_weight');
      wgrad(tape, conv, x, dy, dw);
      return dw;
    },
    bias: (into) => sumRows(tape, dy, into),
  }));
}

/** The uniforms of every convolution kernel but those of the weight gradient's split. */
type Conv = ReturnType<typeof describe>;

function describe(x: Tensor, weight: Tensor, bias: Tensor | undefined, options: Conv2dOptions) {
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 } = options;
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

const pixelsOf = ({ batch, out_height, out_width }: Conv) => batch * out_height * out_width;
const tapsOf = ({ kernel_height, kernel_width }: Conv) => kernel_height * kernel_width;
const flopsOf = (conv: Conv) =>
  (2 * pixelsOf(conv) * tapsOf(conv) * conv.in_channels * conv.out_channels) / conv.groups;
const readsVec4s = ({ in_channels, out_channels }: Conv) => in_channels % 4 === 0 && out_channels % 4 === 0;

/** Whether it is one matrix product over all pixels. */
const isPointwise = (conv: Conv) =>
  tapsOf(conv) === 1 &&
  conv.groups === 1 &&
  conv.stride_height * conv.stride_width === 1 &&
  conv.pad_height + conv.pad_width === 0;

function forward(tape: Tape, conv: Conv, x: Tensor, w: Tensor, bias: Tensor | undefined, y: Tensor): void {
  const { in_channels, out_channels, groups } = conv;
  const label = 'conv2d.forward';
  if (isPointwise(conv)) {
    product(tape, {
      ...{ m: pixelsOf(conv), n: out_channels, k: in_channels, bias, label },
      a: { tensor: x, row: in_channels },
      b: { tensor: w, row: out_channels },
      c: { tensor: y, row: out_channels },
    });
    return;
  }
  const gemm = {
    ...{ rows: pixelsOf(conv), columns: out_channels, depth: in_channels },
    ...{ slices: 1, vec4: readsVec4s(conv), groups },
  };
  const { kernel, body } = choose(tape, label, forwardCandidates, gemm);
  const { constants, workgroups } = body ? tiled(tape.target, body, gemm) : direct(tape.target, y);
  tape.dispatch(kernel, {
    bindings: { x, w, bias: bias ?? w, y },
    uniforms: { ...conv, ...UNSPLIT },
    constants: { ...constants, BIAS: bias ? 1 : 0 },
    workgroups,
    label,
    flops: flopsOf(conv),
  });
}

/** The input's gradient: one slice of the grid for each phase of the strides. */
function dgrad(tape: Tape, conv: Conv, dy: Tensor, w: Tensor, dx: Tensor): void {
  const { batch, in_height, in_width, in_channels, out_channels, stride_height, stride_width, groups } = conv;
  const label = 'conv2d.dgrad';
  if (isPointwise(conv)) {
    product(tape, {
      ...{ m: pixelsOf(conv), n: in_channels, k: out_channels, label },
      a: { tensor: dy, row: out_channels },
      b: { tensor: w, row: out_channels, transposed: true },
      c: { tensor: dx, row: in_channels },
    });
    return;
  }
  const gemm = {
    rows: batch * Math.ceil(in_height / stride_height) * Math.ceil(in_width / stride_width),
    ...{ columns: in_channels, depth: out_channels },
    ...{ slices: stride_height * stride_width, vec4: readsVec4s(conv), groups },
  };
  const { kernel, body } = choose(tape, label, dgradCandidates, gemm);
  tape.dispatch(kernel, {
    bindings: { dy, w, dx },
    uniforms: { ...conv, ...UNSPLIT },
    ...(body ? tiled(tape.target, body, gemm) : direct(tape.target, dx)),
    label,
    flops: flopsOf(conv),
  });
}

/** The weight's gradient, a sum over all output pixels: split over the grid where its tiles alone would not fill it. */
function wgrad(tape: Tape, conv: Conv, x: Tensor, dy: Tensor, dw: Tensor): void {
  const label = 'conv2d.wgrad';
  const pixels = pixelsOf(conv);
  const partial_size = Math.ceil(elements(dw.shape) / 4) * 4;
  const most = Math.max(1, Math.min(Math.floor(pixels / SPLIT_PIXELS), Math.floor(PARTIAL_FLOATS / partial_size)));
  const gemm = {
    ...{ rows: tapsOf(conv) * conv.in_channels, columns: conv.out_channels, depth: pixels },
    ...{ slices: most, vec4: readsVec4s(conv), groups: conv.groups },
  };
  const { kernel, body } = choose(tape, label, wgradCandidates, gemm);
  const tiling = body && chooseTiling(body, gemm, tape.target);
  const tiles = tiling ? tilesOf(gemm, tiling) : Math.ceil(elements(dw.shape) / DIRECT_WORKGROUP);
  const wanted = Math.min(most, Math.ceil(processorsOf(tape.target) / tiles));
  const split_pixels = Math.ceil(pixels / wanted / SPLIT_STEP) * SPLIT_STEP;
  const splits = Math.ceil(pixels / split_pixels);

  const partials = splits === 1 ? dw : tape.empty([splits, partial_size], 'conv2d.wgrad.partials');
  const [across, down] = grid(tape.target, tiles);
  tape.dispatch(kernel, {
    bindings: { x, dy, dw: partials },
    uniforms: { ...conv, split_pixels, partial_size },
    constants: tiling ? { ...tiling.constants, MASK_K: pixels % tiling.step === 0 ? 0 : 1 } : {},
    workgroups: [across, down, splits],
    label,
    flops: flopsOf(conv),
  });
  if (splits === 1) return;
  tape.dispatch(kernels['conv2d/sum_partials'], {
    bindings: { partials, total: dw },
    uniforms: { vec4s: partial_size / 4, splits },
    workgroups: grid(tape.target, Math.ceil(partial_size / 4 / kernels['conv2d/sum_partials'].constants.WORKGROUP)),
    label: 'conv2d.wgrad.sum',
    flops: splits * partial_size,
  });
}

function tiled(target: Target, body: Body, gemm: Gemm): { constants: Record<string, number>; workgroups: Workgroups } {
  const tiling = chooseTiling(body, gemm, target);
  return { constants: { ...tiling.constants }, workgroups: gemmGrid(target, gemm, tiling) };
}

/** The launch of a kernel that computes one element of `result` an invocation. */
const direct = (target: Target, result: Tensor) => ({
  constants: {},
  workgroups: grid(target, Math.ceil(elements(result.shape) / DIRECT_WORKGROUP)),
});

/** The workgroup size of the direct kernels. */
const DIRECT_WORKGROUP = 64;

/** Splits start at multiples of every body's step; a split has enough pixels to be worth its partial. */
const SPLIT_STEP = 16;
const SPLIT_PIXELS = 64;

/** The most that partials of one weight gradient may take: 32 MiB. */
const PARTIAL_FLOATS = 2 ** 23;

const UNSPLIT = { split_pixels: 0, partial_size: 0 };
