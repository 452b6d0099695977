import * as kernels from '../../gpu/kernel/generated/kernels.ts';
import type { Tape } from '../../tape/tape.ts';
import { elements, type Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate } from '../gemm.ts';
import { product } from '../matmul.ts';
import { transposed } from '../transpose.ts';
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

type DgradKernel = (typeof kernels)['conv2d/dgrad_direct'];

export const dgradCandidates: readonly GemmCandidate<DgradKernel>[] = [
  depthwiseCandidate<DgradKernel>(kernels['conv2d/dgrad_depthwise'], 4),
  depthwiseCandidate<DgradKernel>(kernels['conv2d/dgrad_depthwise_scalar'], 1),
  gemmCandidate<DgradKernel>('subgroup', kernels['conv2d/dgrad_subgroup']),
  gemmCandidate<DgradKernel>('tile', kernels['conv2d/dgrad_tile']),
  gemmCandidate<DgradKernel>('register', kernels['conv2d/dgrad_register']),
  gemmCandidate<DgradKernel>('subgroup', kernels['conv2d/dgrad_subgroup_scalar'], { reads: 'scalar' }),
  gemmCandidate<DgradKernel>('tile', kernels['conv2d/dgrad_tile_scalar'], { reads: 'scalar' }),
  gemmCandidate<DgradKernel>('register', kernels['conv2d/dgrad_register_scalar'], { reads: 'scalar' }),
  { name: 'direct', kernel: kernels['conv2d/dgrad_direct'] },
];

/** The input's gradient, or dx with that added: one slice of the grid for each phase of the strides. */
export function dgrad(tape: Tape, conv: Conv, dy: Tensor, w: Tensor, dx: Tensor, accumulate: boolean): void {
  const { batch, in_height, in_width, in_channels, out_channels, stride_height, stride_width, groups } = conv;
  const label = 'conv2d.dgrad';
  if (isPointwise(conv)) {
    product(tape, {
      ...{ m: pixelsOf(conv), n: in_channels, k: out_channels, accumulate, label },
      a: { tensor: dy, row: out_channels },
      b: { tensor: w, row: out_channels, transposed: true },
      c: { tensor: dx, row: in_channels },
    });
    return;
  }
  const operands = operandsOf(conv);
  const gemm = {
    rows: batch * Math.ceil(in_height / stride_height) * Math.ceil(in_width / stride_width),
    ...{ columns: in_channels / groups, depth: (tapsOf(conv) * out_channels) / groups },
    slices: stride_height * stride_width * groups,
    ...operands,
    b: operands.vec4 && groups === 1 ? ('transposable' as const) : ('along' as const),
  };
  const { kernel, tiling, channels } = chooseGemm(tape, label, dgradCandidates, gemm);
  const { constants, workgroups } = tiling
    ? tiled(tape.target, gemm, tiling)
    : untiled(tape.target, conv, channels, {
        strips: batch * in_height * stride_width * Math.ceil(Math.ceil(in_width / stride_width) / 4),
        elements: elements(dx.shape),
      });
  const shape = [tapsOf(conv), in_channels, out_channels] as const;
  tape.dispatch(kernel, {
    bindings: { dy, w: tiling?.transposesB ? transposed(tape, w, shape, label) : w, dx },
    uniforms: { ...conv, ...UNSPLIT },
    constants: { ...constants, ACCUMULATE: accumulate ? 1 : 0 },
    workgroups,
    label,
    flops: flopsOf(conv),
    updates: accumulate ? dx : undefined,
  });
}
