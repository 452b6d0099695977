import { kernels } from '../../gpu/kernel/generated.ts';
import type { Tape } from '../../tape/tape.ts';
import type { Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate } from '../gemm.ts';
import { product } from '../matmul.ts';
import { transposed } from '../transpose.ts';
import {
  type Conv,
  direct,
  flopsOf,
  isPointwise,
  operandsOf,
  pixelsOf,
  readsVec4s,
  tapsOf,
  tiled,
  UNSPLIT,
} from './problem.ts';

type DgradKernel = (typeof kernels)['conv2d/dgrad_direct'];

export const dgradCandidates: readonly GemmCandidate<DgradKernel>[] = [
  gemmCandidate<DgradKernel>('subgroup', kernels['conv2d/dgrad_subgroup']),
  gemmCandidate<DgradKernel>('tile', kernels['conv2d/dgrad_tile']),
  gemmCandidate<DgradKernel>('register', kernels['conv2d/dgrad_register']),
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
  const gemm = {
    rows: batch * Math.ceil(in_height / stride_height) * Math.ceil(in_width / stride_width),
    ...{ columns: in_channels, depth: out_channels, b: 'transposable' as const },
    ...{ slices: stride_height * stride_width, vec4: readsVec4s(conv), groups, operands: operandsOf(conv) },
  };
  const { kernel, tiling } = chooseGemm(tape, label, dgradCandidates, gemm);
  const { constants, workgroups } = tiling ? tiled(tape.target, gemm, tiling) : direct(tape.target, dx);
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
