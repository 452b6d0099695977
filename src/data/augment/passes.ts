import * as kernels from '../../gpu/kernel/generated/kernels.ts';
import { grid } from '../../gpu/kernel/target.ts';
import type { Tape } from '../../tape/tape.ts';
import { elements, type Tensor } from '../../tape/tensor.ts';
import type { Dataset, Size } from '../dataset.ts';
import type { Augmentation } from './description.ts';
import { COLOR_STEPS, RAND_AUGMENT_STEP } from './draws.ts';

/** What all passes over a batch of views know: what was drawn, f32 [count, ROWS, 4], and means, deviations and weights of grey. */
export interface Pass {
  readonly draws: Tensor;
  readonly normalization: Tensor;
}

/** Whether a pass is the last one, and gives normalised values in place of levels, 0 to 255. */
type IsLast = boolean;

/** Crops, resizes, rotates and flips: levels of views f32 [count, height, width, channels] from bytes. */
export function resample(
  tape: Tape,
  { draws, normalization }: Pass,
  { pixels, table, channels }: Pick<Dataset, 'pixels' | 'table' | 'channels'>,
  indices: Tensor,
  [height, width]: Size,
  { interpolation }: Augmentation,
  isLast: IsLast,
): Tensor {
  const batch = elements(indices.shape);
  const y = tape.empty([batch, height, width, channels], 'augment.resampled');
  const { WORKGROUP, workgroups } = perPixel(tape, y);
  tape.dispatch(kernels['augment/resample'], {
    bindings: { pixels, table, indices, draws, normalization, y },
    uniforms: { batch, count: table.shape[0] as number, height, width, channels, normalize: Number(isLast) },
    constants: { WORKGROUP, BICUBIC: Number(interpolation === 'bicubic') },
    workgroups,
    label: 'augment.resample',
  });
  return y;
}

/** Colour jitter and grey: all of a view's steps in one sweep. */
export function adjust(tape: Tape, { draws, normalization }: Pass, x: Tensor, isLast: IsLast): Tensor {
  const y = like(tape, x, 'augment.adjusted');
  tape.dispatch(kernels['augment/adjust'], {
    bindings: { x, draws, normalization, y },
    uniforms: { ...sizes(x), normalize: Number(isLast), ...COLOR_STEPS, interpolation: 0, fill: 0 },
    ...perImage(tape, x),
    label: 'augment.adjust',
  });
  return y;
}

/** How an operation of RandAugment that moves pixels takes values between them, and whether the mean colour or black lies outside. */
export interface Transform {
  readonly interpolation: 'nearest' | 'bilinear' | 'bicubic';
  readonly fill: 'mean' | 'black';
}

/** One operation of RandAugment of each view: its first (0) or second (1). */
export function transform(
  tape: Tape,
  { draws, normalization }: Pass,
  x: Tensor,
  number: number,
  { interpolation, fill }: Transform,
  isLast: IsLast,
): Tensor {
  const y = like(tape, x, 'augment.transformed');
  const first = RAND_AUGMENT_STEP + number;
  tape.dispatch(kernels['augment/transform'], {
    bindings: { x, draws, normalization, y },
    uniforms: {
      ...sizes(x),
      ...{ normalize: Number(isLast), first, end: first + 1 },
      interpolation: ['nearest', 'bilinear', 'bicubic'].indexOf(interpolation),
      fill: Number(fill === 'mean'),
    },
    ...perImage(tape, x),
    label: 'augment.transform',
  });
  return y;
}

/** Blurs by each view's own deviation: rows, then columns, by a Gaussian once or by a box three times each. */
export function blur(tape: Tape, pass: Pass, x: Tensor, kernel: 'gaussian' | 'boxes', isLast: IsLast): Tensor {
  const axes = kernel === 'boxes' ? [0, 0, 0, 1, 1, 1] : [0, 1];
  return axes.reduce((blurred, vertical, index) => {
    const y = like(tape, x, 'augment.blurred');
    const { WORKGROUP, workgroups } = perPixel(tape, y);
    tape.dispatch(kernels['augment/blur'], {
      bindings: { ...pass, x: blurred, y },
      uniforms: { ...sizes(x), normalize: Number(isLast && index === axes.length - 1), vertical },
      constants: { WORKGROUP, BOX: Number(kernel === 'boxes') },
      workgroups,
      label: 'augment.blur',
    });
    return y;
  }, x);
}

/** Normalises, erases and mixes. The noise of what is erased follows from seed and step, u32 [2], or is given, as x. */
export function finish(
  tape: Tape,
  pass: Pass,
  x: Tensor,
  { counter, noise }: { readonly counter?: Tensor; readonly noise?: Tensor },
): Tensor {
  const y = like(tape, x, 'augment.finished');
  const { WORKGROUP, workgroups } = perPixel(tape, y);
  const launch = { uniforms: sizes(x), constants: { WORKGROUP }, workgroups, label: 'augment.finish' };
  const bindings = { ...pass, x, y };
  if (noise) tape.dispatch(kernels['augment/finish_given'], { ...launch, bindings: { ...bindings, noise } });
  else if (counter) tape.dispatch(kernels['augment/finish'], { ...launch, bindings: { ...bindings, counter } });
  return y;
}

/** The classes of mixed views as probabilities, f32 [count, classes]. */
export function mixedTargets(tape: Tape, draws: Tensor, labels: Tensor, classes: number, smoothing: number): Tensor {
  const batch = elements(labels.shape);
  const targets = tape.empty([batch, classes], 'augment.targets');
  const WORKGROUP = tape.target.kind === 'cpu' ? 4 : 64;
  tape.dispatch(kernels['augment/targets'], {
    bindings: { labels, draws, targets },
    uniforms: { batch, classes, smoothing },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil((batch * classes) / WORKGROUP)),
    label: 'augment.targets',
  });
  return targets;
}

const like = (tape: Tape, { shape }: Tensor, label: string): Tensor => tape.empty(shape, label);

function sizes({ shape }: Tensor) {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  return { batch, height, width, channels };
}

// A processor's driver runs the invocations of a workgroup one after the other, so that few of them do.

function perPixel({ target }: Tape, { shape }: Tensor) {
  const WORKGROUP = target.kind === 'cpu' ? 32 : 64;
  const pixels = elements(shape.slice(0, 3));
  return { WORKGROUP, workgroups: grid(target, Math.ceil(pixels / WORKGROUP)) };
}

function perImage({ target }: Tape, { shape }: Tensor) {
  return {
    constants: { WORKGROUP: target.kind === 'cpu' ? 4 : 256 },
    workgroups: grid(target, shape[0] as number),
  };
}
