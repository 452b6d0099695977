import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { COUNT, checkPair, WHOLE } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';

type Pair = readonly [height: number, width: number];

/** The windows of `maxPool2d`, in pixels; pairs are [height, width]. */
export interface MaxPool2dOptions {
  /** The window's size, at least 1. */
  readonly kernel: Pair;
  /** Pixels from one window to the next, at least 1; the kernel's size unless given. */
  readonly stride?: Pair;
  /** Pixels on either side that are never the maximum, fewer than the kernel has; [0, 0] unless given. */
  readonly padding?: Pair;
}

interface Problem {
  readonly pixels: number;
  readonly channels: number;
  readonly window: number;
}

export const maxPool2dCandidates: readonly (Candidate<Problem> & {
  readonly width: 1 | 4;
  readonly forward: (typeof kernels)['max_pool2d/forward'];
  readonly backward: (typeof kernels)['max_pool2d/backward'];
})[] = [
  {
    name: 'vec4',
    unfit({ channels, window }) {
      if (channels % 4 !== 0) return `${channels} channels are no multiple of 4`;
      return window > 256 ? `a window of ${window} pixels has places that do not fit a byte` : undefined;
    },
    width: 4,
    forward: kernels['max_pool2d/forward'],
    backward: kernels['max_pool2d/backward'],
  },
  {
    name: 'scalar',
    width: 1,
    forward: kernels['max_pool2d/forward_scalar'],
    backward: kernels['max_pool2d/backward_scalar'],
  },
];

/**
 * The maximum over windows of x [N, H, W, C]; the gradient goes to the first maximum of a window.
 * Throws when x is no image, or a window does not fit.
 */
export function maxPool2d(
  tape: Tape,
  x: Tensor,
  { kernel, stride = kernel, padding = [0, 0] }: MaxPool2dOptions,
): Tensor {
  if (x.shape.length !== 4) throw shapeError('max_pool2d', 'x', x.shape, '[N, H, W, C] is needed');
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  for (const [name, pair] of Object.entries({ kernel, stride })) checkPair('max_pool2d', name, pair, COUNT);
  checkPair('max_pool2d', 'padding', padding, WHOLE);
  const [kernel_h, kernel_w] = kernel;
  const [stride_h, stride_w] = stride;
  const [pad_h, pad_w] = padding;
  // A window that lies in the padding alone would have no maximum.
  if (pad_h >= kernel_h || pad_w >= kernel_w)
    throw new Error(`max_pool2d: padding is [${padding}], but it must be below the kernel, which is [${kernel}].`);
  const out_height = Math.floor((height + 2 * pad_h - kernel_h) / stride_h) + 1;
  const out_width = Math.floor((width + 2 * pad_w - kernel_w) / stride_w) + 1;
  if (out_height < 1 || out_width < 1)
    throw shapeError('max_pool2d', 'x', x.shape, `the kernel is [${kernel}] with padding [${padding}]`);

  const chosen = choose(tape, 'max_pool2d', maxPool2dCandidates, {
    pixels: images * out_height * out_width,
    channels,
    window: kernel_h * kernel_w,
  });
  const columns = channels / chosen.width;
  // On a processor an invocation takes some channels, which share the work of finding the window.
  const SPAN = tape.target.kind === 'cpu' ? Math.min(columns, 8) : 1;
  const spans = Math.ceil(columns / SPAN);
  const launch = (pixels: number, WORKGROUP: number) => ({
    uniforms: {
      ...{ pixels, columns, spans, height, width, out_height, out_width },
      ...{ kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w },
    },
    workgroups: grid(tape.target, Math.ceil((pixels * spans) / WORKGROUP)),
  });
  const y = tape.empty([images, out_height, out_width, channels], 'max_pool2d');
  const SAVE = tape.tracks(x) ? 1 : 0;
  const places = tape.empty(SAVE ? [elements(y.shape) / chosen.width] : [1], 'max_pool2d.places', 'u32');
  tape.dispatch(chosen.forward, {
    ...launch(images * out_height * out_width, tile(tape.target, chosen.forward.constants).WORKGROUP),
    constants: { SPAN, SAVE },
    bindings: { x, y, places },
    label: 'max_pool2d',
    flops: elements(y.shape) * kernel_h * kernel_w,
  });
  return tape.record('max_pool2d', { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'max_pool2d.grad');
      tape.dispatch(chosen.backward, {
        ...launch(images * height * width, tile(tape.target, chosen.backward.constants).WORKGROUP),
        constants: { SPAN, DISJOINT: Number(stride_h >= kernel_h && stride_w >= kernel_w) },
        bindings: { dy, places, dx },
        label: 'max_pool2d.backward',
        flops: elements(y.shape) * kernel_h * kernel_w,
      });
      return dx;
    },
  }));
}
