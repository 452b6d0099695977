import { array64, input, number, type Reference, zeros } from './array64.ts';
import { attention, conv2d } from './linear_algebra.ts';

/** y = x · mask / (1 - drop_prob) for x (batch, ...) and mask (batch), plus `residual` where given. */
export const drop_path: Reference = (inputs, attrs) => {
  const [x, mask] = [input(inputs, 'x'), input(inputs, 'mask')];
  const size = x.data.length / mask.data.length;
  const factor = 1 / (1 - number(attrs, 'drop_prob'));
  const y = x.data.map(
    (value, i) => value * mask.data[Math.floor(i / size)]! * factor + (inputs.residual?.data[i] ?? 0),
  );
  return { y: array64(y, x.shape) };
};

/** A convolution whose stride is its filter's size, its pixels row by row as tokens: (batch, tokens, channels). */
export const patch_embed: Reference = (inputs, attrs) => {
  const patch = number(attrs, 'patch');
  const [weight, bias] = [input(inputs, 'proj.weight'), input(inputs, 'proj.bias')];
  const image = input(conv2d({ x: input(inputs, 'x'), weight, bias }, { stride: [patch, patch] }), 'y');
  const [n, channels, height, width] = image.shape as [number, number, number, number];
  const tokens = height * width;
  const y = zeros([n, tokens, channels]);
  y.data.forEach((_, i) => {
    const [channel, row] = [i % channels, Math.floor(i / channels)];
    y.data[i] = image.data[(Math.floor(row / tokens) * channels + channel) * tokens + (row % tokens)]!;
  });
  return { y };
};

/** The class token before the patches (batch, patches, channels), plus position embeddings. */
export const embed_tokens: Reference = (inputs) => {
  const [patches, cls, positions] = [input(inputs, 'patches'), input(inputs, 'cls_token'), input(inputs, 'pos_embed')];
  const [batch, count, channels] = patches.shape as [number, number, number];
  const y = zeros([batch, count + 1, channels]);
  for (let b = 0; b < batch; b++)
    for (let token = 0; token <= count; token++)
      for (let c = 0; c < channels; c++) {
        const own = token === 0 ? cls.data[c]! : patches.data[(b * count + token - 1) * channels + c]!;
        y.data[(b * (count + 1) + token) * channels + c] = own + positions.data[token * channels + c]!;
      }
  return { y };
};

/** The first token of x (batch, tokens, channels), or the mean of all others where `of` is `patches`. */
export const pool_tokens: Reference = (inputs, attrs) => {
  const x = input(inputs, 'x');
  const [batch, tokens, channels] = x.shape as [number, number, number];
  const [first, count] = attrs.of === 'patches' ? [1, tokens - 1] : [0, 1];
  const y = zeros([batch, channels]);
  for (let b = 0; b < batch; b++)
    for (let token = first; token < first + count; token++)
      for (let c = 0; c < channels; c++)
        y.data[b * channels + c]! += x.data[(b * tokens + token) * channels + c]! / count;
  return { y };
};

/** Attention within each head of qkv (batch, length, 3 · heads · d), cut as [3, heads, d]; y (batch, length, heads · d). */
export const self_attention: Reference = (inputs, attrs) => {
  const qkv = input(inputs, 'qkv');
  const heads = number(attrs, 'heads');
  const [batch, length, width] = qkv.shape as [number, number, number];
  const d = width / 3 / heads;
  const part = (index: number) => {
    const own = zeros([batch, heads, length, d]);
    own.data.forEach((_, i) => {
      const [c, token, head] = [i % d, Math.floor(i / d) % length, Math.floor(i / d / length) % heads];
      const row = Math.floor(i / d / length / heads) * length + token;
      own.data[i] = qkv.data[row * width + (index * heads + head) * d + c]!;
    });
    return own;
  };
  const found = input(attention({ q: part(0), k: part(1), v: part(2) }, { scale: number(attrs, 'scale') }), 'y');
  const y = zeros([batch, length, heads * d]);
  y.data.forEach((_, i) => {
    const [c, head, row] = [i % d, Math.floor(i / d) % heads, Math.floor(i / d / heads)];
    y.data[i] = found.data[((Math.floor(row / length) * heads + head) * length + (row % length)) * d + c]!;
  });
  return { y };
};
