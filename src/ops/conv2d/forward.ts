import * as kernels from '../../gpu/kernel/generated/kernels.ts';
import type { Tape } from '../../tape/tape.ts';
import { elements, type Moments, type Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate } from '../gemm.ts';
import { product } from '../matmul.ts';
import { momentsOf } from '../moments.ts';
import {
  type Conv,
  depthwiseCandidate,
  flopsOf,
  isPointwise,
  operandsOf,
  pixelsOf,
  tapsOf,
  tiled,
  UNSPLIT,
  untiled,
} from './problem.ts';

type ForwardKernel = (typeof kernels)['conv2d/forward_direct'];
type MomentsKernel = (typeof kernels)['conv2d/forward_tile_moments'];

export const forwardCandidates: readonly GemmCandidate<ForwardKernel, MomentsKernel>[] = [
  depthwiseCandidate<ForwardKernel>(kernels['conv2d/forward_depthwise'], 4),
  depthwiseCandidate<ForwardKernel>(kernels['conv2d/forward_depthwise_scalar'], 1),
  gemmCandidate<ForwardKernel, MomentsKernel>('subgroup', kernels['conv2d/forward_subgroup'], {
    moments: kernels['conv2d/forward_subgroup_moments'],
  }),
  gemmCandidate<ForwardKernel, MomentsKernel>('tile', kernels['conv2d/forward_tile'], {
    moments: kernels['conv2d/forward_tile_moments'],
  }),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register']),
  gemmCandidate<ForwardKernel, MomentsKernel>('subgroup', kernels['conv2d/forward_subgroup_image'], {
    reads: 'image',
    moments: kernels['conv2d/forward_subgroup_image_moments'],
  }),
  gemmCandidate<ForwardKernel, MomentsKernel>('tile', kernels['conv2d/forward_tile_image'], {
    reads: 'image',
    moments: kernels['conv2d/forward_tile_image_moments'],
  }),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register_image'], { reads: 'image' }),
  gemmCandidate<ForwardKernel>('subgroup', kernels['conv2d/forward_subgroup_scalar'], { reads: 'scalar' }),
  gemmCandidate<ForwardKernel>('tile', kernels['conv2d/forward_tile_scalar'], { reads: 'scalar' }),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register_scalar'], { reads: 'scalar' }),
  { name: 'direct', kernel: kernels['conv2d/forward_direct'] },
];

/** y, and for `moments` statistics of it where the kernel that is chosen can take them on the way and that is worth it. */
export function forward(
  tape: Tape,
  conv: Conv,
  x: Tensor,
  w: Tensor,
  y: Tensor,
  { bias, relu = false, moments = false }: { bias?: Tensor | undefined; relu?: boolean; moments?: boolean },
): Moments | undefined {
  const { in_channels, out_channels, groups } = conv;
  const label = 'conv2d.forward';
  if (isPointwise(conv)) {
    return product(tape, {
      ...{ m: pixelsOf(conv), n: out_channels, k: in_channels, bias, relu, moments, label },
      a: { tensor: x, row: in_channels },
      b: { tensor: w, row: out_channels },
      c: { tensor: y, row: out_channels },
    });
  }
  const gemm = {
    ...{ rows: pixelsOf(conv), columns: out_channels / groups, depth: (tapsOf(conv) * in_channels) / groups },
    slices: groups,
    ...operandsOf(conv),
  };
  const { kernel, moments: withMoments, tiling, channels } = chooseGemm(tape, label, forwardCandidates, gemm);
  const { constants, workgroups } = tiling
    ? tiled(tape.target, gemm, tiling)
    : untiled(tape.target, conv, channels, {
        strips: conv.batch * conv.out_height * Math.ceil(conv.out_width / 4),
        elements: elements(y.shape),
      });
  const launch = {
    bindings: { x, w, bias: bias ?? w, y },
    uniforms: { ...conv, ...UNSPLIT },
    constants: { ...constants, BIAS: bias ? 1 : 0, RELU: relu ? 1 : 0 },
    workgroups,
    label,
    flops: flopsOf(conv),
  };
  const plain = !bias && !relu && groups === 1;
  const left = moments && plain && withMoments && tiling ? momentsOf(tape, gemm, tiling) : undefined;
  if (left && withMoments)
    tape.dispatch(withMoments, { ...launch, bindings: { ...launch.bindings, partials: left.partials } });
  else tape.dispatch(kernel, launch);
  return left;
}
