// Augmentation's golden cases: the kernels of src/data/augment get what is random in a case, and do the rest.

import type { Augmentation } from '../data/augment/description.ts';
import {
  CHOICES,
  NUMBERS,
  OPERATIONS,
  type Operation,
  RAND_AUGMENT_STEP,
  ROWS,
  recordDraws,
} from '../data/augment/draws.ts';
import { adjust, blur, finish, mixedTargets, type Pass, resample, transform } from '../data/augment/passes.ts';
import { createDataset, type Dataset, normalizationOf, type Size, type Statistics } from '../data/dataset.ts';
import type { Device, TypedArray } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { createTape, type Tape } from '../tape/tape.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import type { Case, Results } from './case.ts';

type Four = readonly [number, number, number, number];

/** Means and deviations under which levels of 0 to 255 stay what they are, for what comes or goes as it is. */
const PLAIN: Statistics = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };
const IMAGENET: Statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** A view's row of draws, as kernels/augment/views.wgsl has them; what is not given changes nothing. */
interface View {
  readonly crop?: Four;
  readonly grid?: Four;
  readonly mirrored?: boolean;
  readonly sigma?: number;
  readonly steps?: readonly (readonly [operation: Operation, argument: number])[];
  /** The place of the first step; 0 unless given. */
  readonly from?: number;
  readonly erased?: Four;
}

function drawsOf({ crop, grid, mirrored = false, sigma = 0, steps = [], from = 0, erased }: View): Tensor {
  const row = new Float32Array(4 * ROWS);
  row.set(crop ?? []);
  row.set(grid ?? [], 4);
  row.set([Number(mirrored), 0, sigma], 8);
  steps.forEach(([operation, argument], i) => {
    row.set([OPERATIONS.indexOf(operation), argument], 12 + 2 * (from + i));
  });
  row.set(erased ?? [], 28);
  row.set([1, 1], 36);
  return variable('draws', [1, ROWS, 4], 'f32', row);
}

const passOf = (view: View, statistics = PLAIN): Pass => ({
  draws: drawsOf(view),
  normalization: normalizationOf('the case', 3, statistics),
});

/** The uniform numbers of `count` views and of the batch: 0 but for those that are named, by slot and number. */
function numbersOf(count: number, known: readonly (readonly [slot: number, k: number, values: Four])[]): Tensor {
  const values = new Float32Array((count + 1) * NUMBERS * 4);
  for (const [slot, k, four] of known) values.set(four, (slot * NUMBERS + k) * 4);
  return variable('numbers', [count + 1, NUMBERS, 4], 'f32', values);
}

/** An input of the case, (n, c, h, w) or (c, h, w), in the engine's layout: (n, h, w, c). */
function engineOf({ inputs }: Case, name: string): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const { shape, data } = inputOf(inputs, name);
  return toEngineLayout(
    'activation',
    Float32Array.from(data as Uint8Array),
    shape.length === 3 ? [1, ...shape] : shape,
  );
}

function activationOf(golden: Case, name: string): Tensor {
  const { shape, data } = engineOf(golden, name);
  return variable(name, shape, 'f32', data);
}

function inputOf(inputs: Case['inputs'], name: string): HostTensor {
  const found = inputs[name];
  if (!found) throw new Error(`the case has no input.${name}`);
  return found;
}

/** The case's image as the only one of a data set. */
function datasetOf({ target }: Tape, { inputs }: Case, statistics = PLAIN): Dataset {
  const { shape, data } = inputOf(inputs, 'image');
  const { shape: engine, data: pixels } = toEngineLayout('activation', data as Uint8Array, [1, ...shape]);
  const [, height, width, channels] = engine as [number, number, number, number];
  const labels = new Int32Array(1);
  const sizes = Uint32Array.of(height, width);
  return createDataset(target, { name: 'the case', channels, sizes, pixels, labels, classes: ['any'] }, statistics);
}

/** A table of images of which only sizes and labels matter. */
function tableOf(
  count: number,
  [height, width]: Size,
  labels: Int32Array = new Int32Array(count),
): Pick<Dataset, 'table' | 'channels'> {
  const rows = Array.from({ length: count }, (_, i) => [0, height, width, labels[i] as number]);
  return { table: variable('table', [count, 4], 'u32', Uint32Array.from(rows.flat())), channels: 3 };
}

const indicesOf = (count: number): Tensor =>
  variable(
    'indices',
    [count],
    'u32',
    Uint32Array.from({ length: count }, (_, i) => i),
  );

/** Computes tensors; those of four dimensions come back as PyTorch has them. */
async function valuesOf<K extends string>(
  device: Device,
  tape: Tape,
  outputs: Record<K, Tensor>,
): Promise<Record<K, TypedArray>> {
  for (const [name, tensor] of Object.entries<Tensor>(outputs)) tape.output(name, tensor);
  const program = await compile(device, tape);
  const read = await program.run({}, Object.keys(outputs) as K[]).read();
  const entries = Object.entries<Tensor>(outputs).map(([name, { shape }]) => {
    const values = read[name as K];
    return [name, shape.length === 4 ? toTorchLayout('activation', values, shape).data : values];
  });
  return Object.fromEntries(entries);
}

/** What cases say besides their tensors, each what its op needs. */
interface Attrs extends Readonly<Record<Colors | Numbers, number>> {
  readonly order: readonly Colors[];
  readonly operation: Operation | 'color';
  /** `nearest` for a rotation alone. */
  readonly interpolation: NonNullable<Augmentation['interpolation']>;
  readonly scale: readonly [number, number];
  readonly ratio: readonly [number, number];
  readonly size: Size;
  readonly flip: boolean;
  readonly center?: readonly [number, number];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

type Colors = 'brightness' | 'contrast' | 'saturation' | 'hue';
type Numbers =
  | ('top' | 'left' | 'height' | 'width' | 'resize' | 'crop' | 'factor' | 'sigma' | 'angle' | 'level' | 'sign')
  | ('lambda' | 'num_classes' | 'label_smoothing');

const attrsOf = ({ attrs }: Case) => attrs as unknown as Attrs;

type Build = (tape: Tape, golden: Case, attrs: Attrs) => Tensor;

/** A case of one image, compared with the definition and with Pillow. */
const image =
  (build: Build) =>
  async (device: Device, golden: Case): Promise<Results> => {
    const tape = createTape(device.target, { grad: false });
    const { y } = await valuesOf(device, tape, { y: build(tape, golden, attrsOf(golden)) });
    return { 'output.y': y, 'output.pil': y };
  };

/** Operations on colours, with their arguments. */
const colors = (steps: (attrs: Attrs) => View['steps'] & {}) =>
  image((tape, golden, attrs) => adjust(tape, passOf({ steps: steps(attrs) }), activationOf(golden, 'image'), false));

const blurred = (kernel: 'gaussian' | 'boxes') =>
  image((tape, golden, { sigma }) => blur(tape, passOf({ sigma }), activationOf(golden, 'image'), kernel, false));

async function cropBox(device: Device, golden: Case): Promise<Results> {
  const { inputs } = golden;
  const { height, width, scale, ratio } = attrsOf(golden);
  const tape = createTape(device.target, { grad: false });
  const tries = inputOf(inputs, 'draws').data as Float32Array;
  const numbers = numbersOf(
    1,
    Array.from({ length: 10 }, (_, k) => [0, 1 + k, [...tries.subarray(4 * k, 4 * k + 4)] as unknown as Four]),
  );
  const { draws } = recordDraws(tape, tableOf(1, [height, width]), { indices: indicesOf(1), numbers }, 1, [8, 8], {
    crop: { scale, ratio },
  });
  const values = (await valuesOf(device, tape, { draws })).draws;
  return { 'output.box': values.subarray(0, 4), 'output.tries': values.subarray(11, 12) };
}

/** An operation of RandAugment, with the argument that the engine makes of its level. */
const randAugment = image((tape, golden, { operation, level, sign, interpolation = 'bilinear' }) => {
  const x = activationOf(golden, 'image');
  const [, height, width] = x.shape as [number, number, number];
  const chosen = CHOICES.indexOf(operation === 'color' ? 'saturation' : operation);
  const numbers = numbersOf(1, [[0, 14, [(chosen + 0.5) / CHOICES.length, 0, sign < 0 ? 0 : 0.5, 0]]]);
  const augmentation: Augmentation = { randAugment: { operations: 1, level } };
  const inputs = { indices: indicesOf(1), numbers };
  const { draws } = recordDraws(tape, tableOf(1, [height, width]), inputs, 1, [height, width], augmentation);
  const pass = { draws, normalization: normalizationOf('the case', 3, IMAGENET) };
  return transform(tape, pass, x, 0, { interpolation, fill: 'mean' }, false);
});

/** A batch that is mixed by the share and, with `center`, about the place that the engine's draws come to. */
const mixed =
  (kind: 'mixup' | 'cutmix') =>
  async (device: Device, golden: Case): Promise<Results> => {
    const tape = createTape(device.target, { grad: false });
    const attrs = attrsOf(golden);
    const share = attrs.lambda;
    const [row, column] = attrs.center ?? [0, 0];
    const x = activationOf(golden, 'x');
    const [count, height, width] = x.shape as [number, number, number];
    const numbers = numbersOf(count, [
      [count, 0, [0, 0, (row + 0.5) / height, (column + 0.5) / width]],
      [count, 1, [share / 2, (1 - share) / 2, 0, 0]],
    ]);
    const table = tableOf(count, [height, width], inputOf(golden.inputs, 'labels').data as Int32Array);
    const inputs = { indices: indicesOf(count), numbers };
    const { draws, labels } = recordDraws(tape, table, inputs, count, [height, width], { mix: { [kind]: 1 } });
    const pass = { draws, normalization: normalizationOf('the case', 3, PLAIN) };
    const read = await valuesOf(device, tape, {
      y: finish(tape, pass, x, { noise: variable('noise', x.shape) }),
      targets: mixedTargets(tape, draws, labels, attrs.num_classes, attrs.label_smoothing),
      draws,
    });
    return {
      'output.y': read.y,
      'output.targets': read.targets,
      'output.box': read.draws.subarray(32, 36),
      'output.true_lambda': read.draws.subarray(37, 38),
    };
  };

const erased = image((tape, golden, { top, left, height, width }) => {
  const x = activationOf(golden, 'x');
  const noise = new Float32Array(x.shape.reduce((product, size) => product * size));
  const { shape, data } = engineOf(golden, 'noise');
  const [, rows, columns] = shape as [number, number, number];
  const line = x.shape[2] as number;
  for (let row = 0; row < rows; row++)
    noise.set(data.subarray(row * columns * 3, (row + 1) * columns * 3), ((top + row) * line + left) * 3);
  const pass = passOf({ erased: [top, left, height, width] });
  return finish(tape, pass, x, { noise: variable('noise', x.shape, 'f32', noise) });
});

export const augmentProcedures: Readonly<Record<string, (device: Device, golden: Case) => Promise<Results>>> = {
  augment_resized_crop: image((tape, golden, { top, left, height, width, size, flip, interpolation }) => {
    const [rows, columns] = size;
    const view: View = { crop: [top, left, height, width], grid: [rows, columns, 0, 0], mirrored: flip };
    return resample(tape, passOf(view), datasetOf(tape, golden), indicesOf(1), size, { interpolation }, false);
  }),
  augment_resize_center_crop: image((tape, golden, { resize, crop, interpolation }) => {
    const dataset = datasetOf(tape, golden);
    const [augmentation, indices] = [{ resize, interpolation }, indicesOf(1)];
    const { draws } = recordDraws(tape, dataset, { indices, numbers: numbersOf(1, []) }, 1, [crop, crop], augmentation);
    const pass = { draws, normalization: dataset.normalization };
    return resample(tape, pass, dataset, indices, [crop, crop], augmentation, false);
  }),
  augment_crop_box: cropBox,
  augment_brightness: colors(({ factor }) => [['brightness', factor]]),
  augment_contrast: colors(({ factor }) => [['contrast', factor]]),
  augment_saturation: colors(({ factor }) => [['saturation', factor]]),
  augment_hue: colors(({ hue }) => [['hue', hue]]),
  augment_grayscale: colors(() => [['grayscale', 0]]),
  augment_color_jitter: colors(({ order, ...attrs }) => order.map((operation) => [operation, attrs[operation]])),
  augment_gaussian_blur: blurred('boxes'),
  augment_gaussian_blur_exact: blurred('gaussian'),
  augment_normalize: image((tape, golden, { mean, std }) => {
    const dataset = datasetOf(tape, golden, { mean, std });
    const [height, width] = dataset.size as Size;
    const pass = passOf({ crop: [0, 0, height, width], grid: [height, width, 0, 0] }, { mean, std });
    return resample(tape, pass, dataset, indicesOf(1), [height, width], {}, true);
  }),
  augment_random_erasing: erased,
  augment_mixup: mixed('mixup'),
  augment_cutmix: mixed('cutmix'),
  augment_rotate: image((tape, golden, { angle, interpolation }) => {
    const pass = passOf({ steps: [['rotate', angle]], from: RAND_AUGMENT_STEP });
    return transform(tape, pass, activationOf(golden, 'image'), 0, { interpolation, fill: 'black' }, false);
  }),
  augment_rand_augment: randAugment,
};
