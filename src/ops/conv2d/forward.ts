import { kernels } from '../../gpu/kernel/generated.ts';
import type { Tape } from '../../tape/tape.ts';
import type { Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate } from '../gemm.ts';
import { product } from '../matmul.ts';
import {
  type Conv,
  direct,
  flopsOf,
  isPointwise,
  operandsOf,
  pixelsOf,
  readsVec4s,
  tiled,
  UNSPLIT,
} from './problem.ts';

type ForwardKernel = (typeof kernels)['conv2d/forward_direct'];

export const forwardCandidates: readonly GemmCandidate<ForwardKernel>[] = [
  gemmCandidate<ForwardKernel>('subgroup', kernels['conv2d/forward_subgroup']),
  gemmCandidate<ForwardKernel>('tile', kernels['conv2d/forward_tile']),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register']),
  gemmCandidate<ForwardKernel>('subgroup', kernels['conv2d/forward_subgroup_scalar'], { scalar: true }),
  gemmCandidate<ForwardKernel>('tile', kernels['conv2d/forward_tile_scalar'], { scalar: true }),
  gemmCandidate<ForwardKernel>('register', kernels['conv2d/forward_register_scalar'], { scalar: true }),
  { name: 'direct', kernel: kernels['conv2d/forward_direct'] },
];

export function forward(
  tape: Tape,
  conv: Conv,
  x: Tensor,
  w: Tensor,
  y: Tensor,
  { bias, relu = false }: { bias?: Tensor | undefined; relu?: boolean },
): void {
  const { in_channels, out_channels, groups } = conv;
  const label = 'conv2d.forward';
  if (isPointwise(conv)) {
    product(tape, {
      ...{ m: pixelsOf(conv), n: out_channels, k: in_channels, bias, relu, label },
      a: { tensor: x, row: in_channels },
      b: { tensor: w, row: out_channels },
      c: { tensor: y, row: out_channels },
    });
    return;
  }
  const gemm = {
    ...{ rows: pixelsOf(conv), columns: out_channels, depth: in_channels },
    ...{ slices: 1, vec4: readsVec4s(conv), groups, operands: operandsOf(conv) },
  };
  const { kernel, tiling } = chooseGemm(tape, label, forwardCandidates, gemm);
  const { constants, workgroups } = tiling ? tiled(tape.target, gemm, tiling) : direct(tape.target, y);
  tape.dispatch(kernel, {
    bindings: { x, w, bias: bias ?? w, y },
    uniforms: { ...conv, ...UNSPLIT },
    constants: { ...constants, BIAS: bias ? 1 : 0, RELU: relu ? 1 : 0 },
    workgroups,
    label,
    flops: flopsOf(conv),
  });
}
