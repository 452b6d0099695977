import * as kernels from '../../gpu/kernel/generated/kernels.ts';
import type { Workgroups } from '../../gpu/kernel/target.ts';
import type { Tape } from '../../tape/tape.ts';
import { elements, type Tensor } from '../../tape/tensor.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate, gemmGrid, workgroupsWanted } from '../gemm.ts';
import { mostSplits, partialSize, type Split, split, sumPartials } from '../split.ts';
import {
  type Conv,
  depthwiseCandidate,
  flopsOf,
  operandsOf,
  pixelsOf,
  tapsOf,
  UNTILED_WORKGROUP,
  untiled,
} from './problem.ts';

type WgradKernel = (typeof kernels)['conv2d/wgrad_direct'];

export const wgradCandidates: readonly GemmCandidate<WgradKernel>[] = [
  depthwiseCandidate<WgradKernel>(kernels['conv2d/wgrad_depthwise'], 4),
  depthwiseCandidate<WgradKernel>(kernels['conv2d/wgrad_depthwise_scalar'], 1),
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup']),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile']),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register']),
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup_image'], { reads: 'image' }),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile_image'], { reads: 'image' }),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register_image'], { reads: 'image' }),
  gemmCandidate<WgradKernel>('subgroup', kernels['conv2d/wgrad_subgroup_scalar'], { reads: 'scalar' }),
  gemmCandidate<WgradKernel>('tile', kernels['conv2d/wgrad_tile_scalar'], { reads: 'scalar' }),
  gemmCandidate<WgradKernel>('register', kernels['conv2d/wgrad_register_scalar'], { reads: 'scalar' }),
  { name: 'direct', kernel: kernels['conv2d/wgrad_direct'] },
];

/** The weight's gradient, a sum over all output pixels: split over the grid where its tiles alone would not fill it. */
export function wgrad(tape: Tape, conv: Conv, x: Tensor, dy: Tensor, dw: Tensor): void {
  const { in_channels, out_channels, groups } = conv;
  const label = 'conv2d.wgrad';
  const pixels = pixelsOf(conv);
  const partial_size = partialSize(elements(dw.shape));
  const gemm = {
    ...{ rows: (tapsOf(conv) * in_channels) / groups, columns: out_channels / groups, depth: pixels },
    ...{ slices: groups, mostSplits: mostSplits(pixels, partial_size) },
    ...operandsOf(conv),
  };
  const { kernel, tiling, channels, splits: parts } = chooseGemm(tape, label, wgradCandidates, gemm);
  const launch = (
    { splits, terms: split_pixels }: Split,
    constants: Readonly<Record<string, number>>,
    workgroups: Workgroups,
  ) => {
    const partials = splits === 1 ? dw : tape.empty([splits, partial_size], 'conv2d.wgrad.partials');
    tape.dispatch(kernel, {
      bindings: { x, dy, dw: partials },
      uniforms: { ...conv, split_pixels, partial_size },
      constants,
      workgroups,
      label,
      flops: flopsOf(conv),
    });
    if (splits > 1) sumPartials(tape, partials, dw, { label: `${label}.sum` });
  };
  if (tiling) {
    const own = split(pixels, parts);
    const MASK_K = pixels % tiling.step === 0 ? 0 : 1;
    launch(own, { ...tiling.constants, MASK_K }, gemmGrid(tape.target, gemm, tiling, own.splits));
    return;
  }
  const { constants, workgroups } = untiled(tape.target, conv, channels, {
    strips: conv.kernel_height * Math.ceil(conv.kernel_width / 4),
    elements: elements(dw.shape),
  });
  const [across, down] = workgroups;
  // A depthwise kernel has few workgroups and walks along whole lines.
  const wanted = Math.ceil(workgroupsWanted(tape.target, UNTILED_WORKGROUP) / (across * down));
  const own = channels ? split(pixels, Math.min(gemm.mostSplits, wanted), conv.out_width) : split(pixels, parts);
  launch(own, constants, [across, down, own.splits]);
}
