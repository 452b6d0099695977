import * as kernels from '../../gpu/kernel/generated/kernels.ts';
import { grid } from '../../gpu/kernel/target.ts';
import type { Tape } from '../../tape/tape.ts';
import type { Tensor } from '../../tape/tensor.ts';
import type { Dataset, Size } from '../dataset.ts';
import { type Augmentation, RATIO } from './description.ts';

/** vec4s that tell all that was drawn for a view; kernels/augment/views.wgsl says what each is. */
export const ROWS = 10;

/** Uniform vec4s that the draws of a view are made from, and those of a batch. */
export const NUMBERS = 32;

/** The operations of colour jitter and RandAugment, in the order of kernels/augment/operations.wgsl. */
export const OPERATIONS = [
  ...(['nothing', 'brightness', 'contrast', 'saturation', 'hue', 'grayscale', 'sharpness', 'auto_contrast'] as const),
  ...(['equalize', 'invert', 'posterize', 'solarize', 'solarize_add', 'rotate', 'shear_x', 'shear_y'] as const),
  ...(['translate_x', 'translate_y'] as const),
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** The operations that RandAugment chooses from, in the order of its choice in kernels/augment/draw.wgsl. */
export const CHOICES: readonly Operation[] = [
  ...([
    'auto_contrast',
    'equalize',
    'invert',
    'rotate',
    'posterize',
    'solarize',
    'solarize_add',
    'saturation',
  ] as const),
  ...(['contrast', 'brightness', 'sharpness', 'shear_x', 'shear_y', 'translate_x', 'translate_y'] as const),
];

/** The steps of a view that are colour jitter and grey, and the first of RandAugment's. */
export const COLOR_STEPS = { first: 0, end: 5 };
export const RAND_AUGMENT_STEP = 6;

/** What decides the draws of a batch: which images, and seed and step, or, in a test of them, the uniform numbers themselves. */
export interface DrawInputs {
  readonly indices: Tensor;
  /** u32 [2]. */
  readonly counter?: Tensor;
  /** f32 [count + 1, NUMBERS, 4], at the end those of the batch. */
  readonly numbers?: Tensor;
}

/** f32 [count, ROWS, 4], and the classes and image numbers of the views, i32 [count]. */
export interface Draws {
  readonly draws: Tensor;
  readonly labels: Tensor;
  readonly instances: Tensor;
}

/** Records the launch that draws what is random in `count` views of the given size. */
export function recordDraws(
  tape: Tape,
  { table, channels }: Pick<Dataset, 'table' | 'channels'>,
  { indices, counter, numbers }: DrawInputs,
  count: number,
  [height, width]: Size,
  augmentation: Augmentation,
): Draws {
  const draws = tape.empty([count, ROWS, 4], 'augment.draws');
  const labels = tape.empty([count], 'augment.labels', 'i32');
  const instances = tape.empty([count], 'augment.instances', 'i32');
  const { crop, resize = [height, width], window, mix, blur, erasing, randAugment } = augmentation;
  const { scale = [1, 1], ratio = RATIO } = crop ?? {};
  const fixed = typeof resize === 'number' ? [0, 0] : resize;
  const { mixup, cutmix } = mix ?? {};
  const either = mixup !== undefined && cutmix !== undefined ? (mix?.switch ?? 0.5) : Number(cutmix !== undefined);
  const uniforms = {
    batch: count,
    count: table.shape[0] as number,
    view_height: height,
    view_width: width,
    grid_shorter: typeof resize === 'number' ? resize : 0,
    grid_height: fixed[0] as number,
    grid_width: fixed[1] as number,
    random_window: Number(window === 'random'),
    random_crop: Number(crop !== undefined),
    scale_low: scale[0],
    scale_high: scale[1],
    ratio_low: ratio[0],
    ratio_high: ratio[1],
    flip: augmentation.flip ?? 0,
    rotation: augmentation.rotation ?? 0,
    jitter: augmentation.jitter ?? 1,
    brightness: augmentation.brightness ?? 0,
    contrast: augmentation.contrast ?? 0,
    saturation: augmentation.saturation ?? 0,
    hue: channels === 3 ? (augmentation.hue ?? 0) : 0,
    grayscale: augmentation.grayscale ?? 0,
    blur: blur?.probability ?? 0,
    sigma_low: blur?.sigma[0] ?? 0,
    sigma_high: blur?.sigma[1] ?? 0,
    operations: randAugment?.operations ?? 0,
    operation_probability: randAugment?.probability ?? 1,
    level: randAugment?.level ?? 0,
    level_deviation: randAugment?.deviation ?? 0,
    erase: erasing?.probability ?? 0,
    erase_low: erasing?.scale[0] ?? 1,
    erase_high: erasing?.scale[1] ?? 1,
    erase_ratio_low: erasing?.ratio[0] ?? 1,
    erase_ratio_high: erasing?.ratio[1] ?? 1,
    mix: mix ? (mix.probability ?? 1) : 0,
    cut: either,
    mixup_alpha: mixup ?? 1,
    cutmix_alpha: cutmix ?? 1,
  };
  const WORKGROUP = tape.target.kind === 'cpu' ? 4 : 64;
  const launch = {
    uniforms,
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(count / WORKGROUP)),
    label: 'augment.draw',
  };
  const bindings = { table, indices, draws, labels, instances };
  if (numbers) tape.dispatch(kernels['augment/draw_given'], { ...launch, bindings: { ...bindings, numbers } });
  else if (counter) tape.dispatch(kernels['augment/draw'], { ...launch, bindings: { ...bindings, counter } });
  return { draws, labels, instances };
}
