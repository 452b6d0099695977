import { kernels } from '../../gpu/kernel/generated.ts';
import { grid } from '../../gpu/kernel/target.ts';
import type { Tape } from '../../tape/tape.ts';
import { elements, type Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate, processorsOf, tilesOf } from '../gemm.ts';
import { type Conv, DIRECT_WORKGROUP, flopsOf, operandsOf, pixelsOf, readsVec4s, tapsOf } from './problem.ts';

type WgradKernel = (typeof kernels)['conv2d/wgrad_direct'];

export const wgradCandidates: readonly GemmCandidate<WgradKernel>[] = [
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup']),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile']),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register']),
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup_scalar'], { scalar: true }),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile_scalar'], { scalar: true }),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register_scalar'], { scalar: true }),
  { name: 'direct', kernel: kernels['conv2d/wgrad_direct'] },
];

/** The weight's gradient, a sum over all output pixels: split over the grid where its tiles alone would not fill it. */
export function wgrad(tape: Tape, conv: Conv, x: Tensor, dy: Tensor, dw: Tensor): void {
  const label = 'conv2d.wgrad';
  const pixels = pixelsOf(conv);
  const partial_size = Math.ceil(elements(dw.shape) / 4) * 4;
  const most = Math.max(1, Math.min(Math.floor(pixels / SPLIT_PIXELS), Math.floor(PARTIAL_FLOATS / partial_size)));
  const gemm = {
    ...{ rows: tapsOf(conv) * conv.in_channels, columns: conv.out_channels, depth: pixels },
    ...{ slices: most, vec4: readsVec4s(conv), groups: conv.groups, operands: operandsOf(conv) },
  };
  const { kernel, tiling } = chooseGemm(tape, label, wgradCandidates, gemm);
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

/** Splits start at multiples of every body's step; a split has enough pixels to be worth its partial. */
const SPLIT_STEP = 16;
const SPLIT_PIXELS = 64;

/** The most that partials of one weight gradient may take: 32 MiB. */
const PARTIAL_FLOATS = 2 ** 23;
