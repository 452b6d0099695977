import { type Array64, array64, input, number, type Reference, rowsOf, zeros } from './array64.ts';

/**
 * Batch normalisation of x (N, C, ...) per channel, in training by the batch's mean and biased variance, otherwise by
 * the running ones; then plus `residual` where given, then ReLU where `relu` is set. Running statistics move by
 * `momentum` towards the batch's mean and unbiased variance.
 */
export const batch_norm: Reference = (inputs, attrs) => {
  const x = input(inputs, 'x');
  const [weight, bias] = [input(inputs, 'weight'), input(inputs, 'bias')];
  const { residual } = inputs;
  const eps = number(attrs, 'eps', 1e-5);
  const momentum = number(attrs, 'momentum', 0.1);
  const [n, channels] = x.shape as [number, number];
  const area = x.data.length / (n * channels);
  const running_mean = { ...input(inputs, 'running_mean'), data: input(inputs, 'running_mean').data.slice() };
  const running_var = { ...input(inputs, 'running_var'), data: input(inputs, 'running_var').data.slice() };
  const y = zeros(x.shape);
  for (let c = 0; c < channels; c++) {
    const indices: number[] = [];
    for (let image = 0; image < n; image++) {
      for (let i = 0; i < area; i++) indices.push((image * channels + c) * area + i);
    }
    let mean = running_mean.data[c]!;
    let variance = running_var.data[c]!;
    if (attrs.training === true) {
      const count = indices.length;
      mean = indices.reduce((sum, i) => sum + x.data[i]!, 0) / count;
      const squares = indices.reduce((sum, i) => sum + (x.data[i]! - mean) ** 2, 0);
      variance = squares / count;
      running_mean.data[c]! += momentum * (mean - running_mean.data[c]!);
      running_var.data[c]! += momentum * (squares / (count - 1) - running_var.data[c]!);
    }
    for (const i of indices) {
      const normalized = (x.data[i]! - mean) / Math.sqrt(variance + eps);
      const value = normalized * weight.data[c]! + bias.data[c]! + (residual?.data[i] ?? 0);
      y.data[i] = attrs.relu === true ? Math.max(value, 0) : value;
    }
  }
  return { y, running_mean, running_var };
};

/**
 * Batch normalisation in training of each of `groups` equal parts of the batch by itself: `contiguous` parts of consecutive
 * images, or `interleaved`, image i in part i mod groups; with a `permutation` of the images x[permutation], whose results go
 * back to where their images were. Running statistics are the mean of those that the parts would leave.
 */
export const batch_norm_split: Reference = (inputs, attrs) => {
  const x = input(inputs, 'x');
  const groups = number(attrs, 'groups');
  const [n] = x.shape as [number];
  const [size, count] = [x.data.length / n, n / groups];
  const permutation = inputs.permutation?.data ?? Float64Array.from({ length: n }, (_, i) => i);
  const y = zeros(x.shape);
  const running = ['running_mean', 'running_var'].map((name) => [name, zeros(input(inputs, name).shape)] as const);
  for (let group = 0; group < groups; group++) {
    const images = Array.from({ length: count }, (_, i) =>
      Number(permutation[attrs.assignment === 'interleaved' ? i * groups + group : group * count + i]),
    );
    const pixels = images.flatMap((image) => Array.from(x.data.subarray(image * size, (image + 1) * size)));
    const part: Record<string, Array64> = batch_norm(
      { ...inputs, x: array64(pixels, [count, ...x.shape.slice(1)]) },
      attrs,
    );
    images.forEach((image, i) => {
      y.data.set(part.y!.data.subarray(i * size, (i + 1) * size), image * size);
    });
    for (const [name, { data }] of running)
      part[name]!.data.forEach((value, c) => {
        data[c]! += value / groups;
      });
  }
  return { y, ...Object.fromEntries(running) };
};

/** Normalisation of every row by its own mean and biased variance, then times weight plus bias. */
export const layer_norm: Reference = (inputs, attrs) => {
  const [x, weight, bias] = [input(inputs, 'x'), input(inputs, 'weight'), input(inputs, 'bias')];
  const eps = number(attrs, 'eps', 1e-5);
  const { rows, width } = rowsOf(x);
  const y = zeros(x.shape);
  for (let row = 0; row < rows; row++) {
    const values = x.data.subarray(row * width, (row + 1) * width);
    const mean = values.reduce((sum, value) => sum + value, 0) / width;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    values.forEach((value, i) => {
      y.data[row * width + i] = ((value - mean) / Math.sqrt(variance + eps)) * weight.data[i]! + bias.data[i]!;
    });
  }
  return { y };
};
