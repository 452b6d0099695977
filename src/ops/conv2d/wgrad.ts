import { kernels } from '../../gpu/kernel/generated.ts';
import { grid } from '../../gpu/kernel/target.ts';
import type { Tape } from '../../tape/tape.ts';
import { elements, type Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate, tilesOf } from '../gemm.ts';
import { mostSplits, partialSize, split, sumPartials } from '../split.ts';
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
  const partial_size = partialSize(elements(dw.shape));
  const gemm = {
    ...{ rows: tapsOf(conv) * conv.in_channels, columns: conv.out_channels, depth: pixels },
    ...{
      slices: 1,
      mostSplits: mostSplits(pixels, partial_size),
      vec4: readsVec4s(conv),
      groups: conv.groups,
      operands: operandsOf(conv),
    },
  };
  const { kernel, tiling, splits: parts } = chooseGemm(tape, label, wgradCandidates, gemm);
  const tiles = tiling ? tilesOf(gemm, tiling) : Math.ceil(elements(dw.shape) / DIRECT_WORKGROUP);
  const { splits, terms: split_pixels } = split(pixels, parts);

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
  if (splits > 1) sumPartials(tape, partials, dw, { label: `${label}.sum` });
}
