// The resnet8 of src/nn/resnet.ts and its heads as plain loops over scalars, in PyTorch's layouts.
import { positivePart, product, quotient, type Scalar, type Scalars, squareRoot } from './scalars.ts';

/** Numbers by the names of PyTorch's state dict. */
export type Values = Map<string, Float64Array>;
/** The same numbers as scalars that can be differentiated by. */
export type Leaves = Map<string, Scalar[]>;

/** Maps [n][channels][height * width] of squares. */
interface Maps {
  readonly size: number;
  readonly planes: Scalar[][][];
}

/** What a pass through the encoder does besides. */
export interface Pass {
  /** Batch norm by the batch, whose statistics then go into the running ones; else by these. */
  readonly training: boolean;
  /** Before the names of weights and statistics, such as `key.`. */
  readonly prefix?: string;
  /** A channel of a convolution's result that is 0. */
  readonly without?: { readonly name: string; readonly channel: number };
}

/** An encoder's result: features [n][dim], and the maps that DELTA compares, by the names of their convolutions. */
export interface Encoded {
  readonly features: Scalar[][];
  readonly maps: ReadonlyMap<string, Scalar[][][]>;
}

export const leavesOf = (t: Scalars, values: Values): Leaves =>
  new Map([...values].map(([name, data]) => [name, Array.from(data, (value) => t.leaf(value))]));

/** The convolutions whose results DELTA compares. */
export const COMPARED = ['encoder.layer2.0.conv2', 'encoder.layer3.0.conv2', 'encoder.layer4.0.conv2'];

/** `images` are [n][height * width] of one channel; `values` are what `leaves` were made of, whose running statistics change. */
export function encode(
  t: Scalars,
  leaves: Leaves,
  values: Values,
  images: readonly Float64Array[],
  { training, prefix = '', without }: Pass,
): Encoded {
  const maps = new Map<string, Scalar[][][]>();
  const weight = (name: string) => leaves.get(prefix + name) as Scalar[];
  const conv = (name: string, { size, planes }: Maps, kernel: number, stride: number): Maps => {
    const padding = (kernel - 1) / 2;
    const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
    const w = weight(`${name}.weight`);
    const area = kernel * kernel;
    const from = planes[0]!.length;
    // Where in a plane and in a channel of the kernel the factors of each place are.
    const places = Array.from({ length: out * out }, (_, at) => {
      const [y, x] = [Math.floor(at / out) * stride - padding, (at % out) * stride - padding];
      return Array.from({ length: area }, (_, k) => [y + Math.floor(k / kernel), x + (k % kernel), k] as const)
        .filter(([row, column]) => row >= 0 && row < size && column >= 0 && column < size)
        .map(([row, column, k]) => [row * size + column, k] as const);
    });
    const weights = Array.from({ length: w.length / (from * area) }, (_, o) =>
      places.map((factors) =>
        Array.from({ length: from }, (_, c) => factors.map(([, k]) => w[(o * from + c) * area + k]!)).flat(),
      ),
    );
    const result = planes.map((channels) => {
      const pixels = places.map((factors) => channels.flatMap((plane) => factors.map(([pixel]) => plane[pixel]!)));
      return weights.map((own, o) =>
        own.map((factors, at) =>
          without?.name === name && without.channel === o ? t.leaf(0) : t.dot(pixels[at]!, factors),
        ),
      );
    });
    maps.set(name, result);
    return { size: out, planes: result };
  };

  const batchNorm = (name: string, { size, planes }: Maps, residual?: Maps, relu = true): Maps => {
    const [gamma, beta] = [weight(`${name}.weight`), weight(`${name}.bias`)];
    const running = (of: string) => values.get(`${prefix}${name}.running_${of}`) as Float64Array;
    const result: Scalar[][][] = planes.map(() => []);
    gamma.forEach((_, c) => {
      const all = planes.flatMap((channels) => channels[c]!);
      const mean = training ? average(t, all) : t.leaf(running('mean')[c]!);
      const centred = planes.map((channels) => channels[c]!.map((x) => t.combine([x, mean], [1, -1])));
      const flat = centred.flat();
      const squares = flat.map((x) => product(t, x, x));
      const variance = training ? average(t, squares) : t.leaf(running('var')[c]!);
      if (training) {
        const unbiased = (t.value(variance) * all.length) / (all.length - 1);
        for (const [of, batch] of [
          ['mean', t.value(mean)],
          ['var', unbiased],
        ] as const)
          running(of)[c] = t.round(0.9 * running(of)[c]! + 0.1 * batch);
      }
      const deviation = squareRoot(t, t.combine([variance], [1], 1e-5));
      centred.forEach((plane, image) => {
        result[image]!.push(
          plane.map((x, at) => {
            const scaled = product(t, quotient(t, x, deviation), gamma[c]!);
            const terms = [scaled, beta[c]!, ...(residual ? [residual.planes[image]![c]![at]!] : [])];
            const y = t.combine(
              terms,
              terms.map(() => 1),
            );
            return relu ? positivePart(t, y) : y;
          }),
        );
      });
    });
    return { size, planes: result };
  };

  const block = (name: string, x: Maps): Maps => {
    const y = batchNorm(`${name}.bn1`, conv(`${name}.conv1`, x, 3, 2));
    const side = batchNorm(`${name}.downsample.1`, conv(`${name}.downsample.0`, x, 1, 2), undefined, false);
    return batchNorm(`${name}.bn2`, conv(`${name}.conv2`, y, 3, 1), side);
  };

  const pixels = images.map((image) => [Array.from(image, (value) => t.leaf(value))]);
  const size = Math.sqrt(images[0]!.length);
  let x = batchNorm('encoder.bn1', conv('encoder.conv1', { size, planes: pixels }, 3, 2));
  for (const layer of [2, 3, 4]) x = block(`encoder.layer${layer}.0`, x);
  return { features: x.planes.map((channels) => channels.map((plane) => average(t, plane))), maps };
}

const average = (t: Scalars, xs: readonly Scalar[]): Scalar => {
  const sum = t.combine(
    xs,
    xs.map(() => 1),
  );
  return t.combine([sum], [1 / xs.length]);
};

/** x Wᵀ + b of rows x, W [out, in] and, where it has one, b of the linear map `name`. */
export function linear(t: Scalars, leaves: Leaves, name: string, rows: readonly Scalar[][]): Scalar[][] {
  const [weight, bias] = [leaves.get(`${name}.weight`) as Scalar[], leaves.get(`${name}.bias`)];
  return rows.map((row) => {
    const out = weight.length / row.length;
    return Array.from({ length: out }, (_, o) => {
      const y = t.dot(row, weight.slice(o * row.length, (o + 1) * row.length));
      return bias ? t.combine([y, bias[o]!], [1, 1]) : y;
    });
  });
}

/** Linear, ReLU, Linear. */
export function projector(t: Scalars, leaves: Leaves, rows: readonly Scalar[][]): Scalar[][] {
  const hidden = linear(t, leaves, 'projector.0', rows).map((row) => row.map((x) => positivePart(t, x)));
  return linear(t, leaves, 'projector.2', hidden);
}
