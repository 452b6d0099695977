import { createStore, type Store } from '../nn/store.ts';
import { patchEmbed, transformerBlock } from '../nn/vit.ts';
import { argsort } from '../ops/argsort.ts';
import { attention } from '../ops/attention.ts';
import { batchNorm } from '../ops/batch_norm.ts';
import { classContrast } from '../ops/class_queue.ts';
import { conv2d } from '../ops/conv2d.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { dropPath } from '../ops/drop_path.ts';
import { add, gelu, relu, scale } from '../ops/elementwise.ts';
import { featureDistance } from '../ops/feature_distance.ts';
import { type FocalSupConOptions, focalSupCon } from '../ops/focal_sup_con.ts';
import { permuteRows, restoreRows, sliceRows } from '../ops/gather.ts';
import { globalAvgPool2d } from '../ops/global_avg_pool2d.ts';
import { infoNce } from '../ops/info_nce.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { layerNorm } from '../ops/layer_norm.ts';
import { linear } from '../ops/linear.ts';
import { maskedError, patchTargets } from '../ops/mae.ts';
import { matmul } from '../ops/matmul.ts';
import { maxPool2d } from '../ops/max_pool2d.ts';
import { mixRows } from '../ops/mixed_rows.ts';
import { mean, sum, weightedSum } from '../ops/reduce.ts';
import { selfAttention } from '../ops/self_attention.ts';
import { smallSingularValues } from '../ops/small_singular_values.ts';
import { softmax } from '../ops/softmax.ts';
import { type SupConVariant, supCon } from '../ops/sup_con.ts';
import { embedTokens, poolTokens } from '../ops/tokens.ts';
import { tripletLoss } from '../ops/triplet.ts';
import type { Parameter } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import type { Layout } from '../weights/layout.ts';
import type { HostValue } from './evaluate.ts';

type Attrs = Readonly<Record<string, unknown>>;
type Pair = readonly [number, number];

/** How a golden case's op is run by the engine. */
export interface ConformanceOp {
  /** Tensors whose layout differs from PyTorch's, by name; gradients follow their inputs. */
  readonly layouts?: Readonly<Record<string, Layout>>;
  /** Inputs that are not differentiated. */
  readonly constant?: readonly string[];
  /** More inputs, made of the case's own: what a caller of the op would have to prepare. */
  derive?(inputs: Readonly<Record<string, HostValue>>, attrs: Attrs): Record<string, HostValue>;
  build(tape: Tape, inputs: Record<string, Tensor>, attrs: Attrs): Record<string, Tensor>;
}

/** An input that the case must have. */
function need(inputs: Record<string, Tensor>, name: string): Tensor {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`the case has no input '${name}'`);
  return tensor;
}

/** A store that gives modules the case's inputs for parameters. */
function givenStore(inputs: Record<string, Tensor>): Store {
  const within = (prefix: string): Store => ({
    ...createStore(0),
    name: prefix.slice(0, -1),
    scope: (name) => within(`${prefix}${name}.`),
    parameter: (name) => need(inputs, `${prefix}${name}`) as Parameter,
  });
  return within('');
}

const image = { x: 'activation', y: 'activation' } as const;

/** What the cases of batch norm give it, the running statistics by themselves too, since they are outputs. */
function batchNormOf(inputs: Readonly<Record<string, Tensor>>, attrs: Attrs) {
  const running = { running_mean: need(inputs, 'running_mean'), running_var: need(inputs, 'running_var') };
  return {
    running,
    state: { weight: need(inputs, 'weight'), bias: need(inputs, 'bias'), ...running },
    options: { training: attrs.training === true, momentum: attrs.momentum as number, eps: attrs.eps as number },
  };
}

export const conformanceOps: Readonly<Record<string, ConformanceOp>> = {
  matmul: {
    build: (tape, inputs, attrs) => ({
      y: matmul(tape, need(inputs, 'a'), need(inputs, 'b'), {
        transposeA: attrs.transpose_a === true,
        transposeB: attrs.transpose_b === true,
      }),
    }),
  },
  linear: {
    layouts: { weight: 'linear_weight' },
    build: (tape, inputs, attrs) => ({
      y: linear(tape, need(inputs, 'x'), need(inputs, 'weight'), inputs.bias, { relu: attrs.relu === true }),
    }),
  },
  conv2d: {
    layouts: { ...image, weight: 'conv_weight' },
    build: (tape, inputs, attrs) => ({
      y: conv2d(tape, need(inputs, 'x'), need(inputs, 'weight'), inputs.bias, {
        stride: attrs.stride as Pair,
        padding: attrs.padding as Pair,
        dilation: attrs.dilation as Pair,
        groups: attrs.groups as number,
        relu: attrs.relu === true,
      }),
    }),
  },
  residual: {
    layouts: { ...image, weight: 'conv_weight', shortcut: 'conv_weight' },
    build: (tape, inputs, attrs) => {
      const [x, stride] = [need(inputs, 'x'), attrs.stride as Pair];
      const y = conv2d(tape, x, need(inputs, 'weight'), undefined, { stride, padding: attrs.padding as Pair });
      const { shortcut } = inputs;
      return { y: add(tape, y, shortcut ? conv2d(tape, x, shortcut, undefined, { stride }) : gelu(tape, x)) };
    },
  },
  conv_batch_norm: {
    layouts: { ...image, weight: 'conv_weight', residual: 'activation' },
    constant: ['running_mean', 'running_var'],
    build: (tape, inputs, attrs) => {
      const y = conv2d(tape, need(inputs, 'x'), need(inputs, 'weight'), undefined, {
        stride: attrs.stride as Pair,
        padding: attrs.padding as Pair,
        moments: true,
      });
      const running_mean = need(inputs, 'running_mean');
      const running_var = need(inputs, 'running_var');
      const state = { weight: need(inputs, 'scale'), bias: need(inputs, 'shift'), running_mean, running_var };
      const { residual } = inputs;
      const fused = { relu: attrs.relu === true, ...(residual && { residual }) };
      return { y: batchNorm(tape, y, state, { training: true, ...fused }), running_mean, running_var };
    },
  },
  batch_norm: {
    layouts: { ...image, residual: 'activation' },
    constant: ['running_mean', 'running_var'],
    build: (tape, inputs, attrs) => {
      const { running, state, options } = batchNormOf(inputs, attrs);
      const fused = { relu: attrs.relu === true, ...(inputs.residual && { residual: inputs.residual }) };
      return { y: batchNorm(tape, need(inputs, 'x'), state, { ...options, ...fused }), ...running };
    },
  },
  // MoCo's way: images are shuffled before consecutive ones are normalised together, and their results put back.
  batch_norm_split: {
    layouts: image,
    constant: ['running_mean', 'running_var'],
    derive: ({ x, permutation }, { groups, assignment }): Record<string, HostValue> => {
      if (assignment === 'contiguous' && !permutation) return {};
      const [n] = (x as HostValue).shape as [number];
      const given = permutation?.data ?? Int32Array.from({ length: n }, (_, i) => i);
      const count = n / (groups as number);
      const inParts = Int32Array.from(given, (own, i) =>
        assignment === 'interleaved'
          ? (given[(i % count) * (groups as number) + Math.floor(i / count)] as number)
          : own,
      );
      const back = Int32Array.from(inParts, (_, image) => inParts.indexOf(image));
      return { order: { shape: [n], data: inParts }, rank: { shape: [n], data: back } };
    },
    build: (tape, inputs, attrs) => {
      const { running, state, options } = batchNormOf(inputs, attrs);
      const x = need(inputs, 'x');
      const { order, rank } = inputs;
      const shuffle = order && rank && { order, rank };
      const y = batchNorm(tape, shuffle ? permuteRows(tape, x, shuffle) : x, state, {
        ...options,
        groups: attrs.groups as number,
      });
      return { y: shuffle ? restoreRows(tape, y, shuffle) : y, ...running };
    },
  },
  layer_norm: {
    build: (tape, inputs, attrs) => {
      const affine = { weight: need(inputs, 'weight'), bias: need(inputs, 'bias') };
      return { y: layerNorm(tape, need(inputs, 'x'), affine, { eps: attrs.eps as number }) };
    },
  },
  relu: { build: (tape, inputs) => ({ y: relu(tape, need(inputs, 'x')) }) },
  gelu: { build: (tape, inputs) => ({ y: gelu(tape, need(inputs, 'x')) }) },
  add: { build: (tape, inputs) => ({ y: add(tape, need(inputs, 'a'), need(inputs, 'b')) }) },
  scale: { build: (tape, inputs, attrs) => ({ y: scale(tape, need(inputs, 'x'), attrs.factor as number) }) },
  softmax: {
    build: (tape, inputs, attrs) => ({
      y: softmax(tape, need(inputs, 'x'), { ...(attrs.factor !== undefined && { factor: attrs.factor as number }) }),
    }),
  },
  attention: {
    build: (tape, inputs, attrs) => ({
      y: attention(tape, need(inputs, 'q'), need(inputs, 'k'), need(inputs, 'v'), { scale: attrs.scale as number }),
    }),
  },
  self_attention: {
    build: (tape, inputs, attrs) => ({
      y: selfAttention(tape, need(inputs, 'qkv'), { heads: attrs.heads as number, scale: attrs.scale as number }),
    }),
  },
  drop_path: {
    constant: ['mask'],
    build: (tape, inputs, attrs) => {
      const dropped = { mask: need(inputs, 'mask'), drop_prob: attrs.drop_prob as number };
      const { residual } = inputs;
      return { y: dropPath(tape, need(inputs, 'x'), dropped, { ...(residual && { residual }) }) };
    },
  },
  patch_embed: {
    layouts: { x: 'activation', 'proj.weight': 'conv_weight' },
    build: (tape, inputs, attrs) => {
      const { shape } = need(inputs, 'proj.weight');
      const embed = patchEmbed(givenStore(inputs), shape[2] as number, shape[3] as number, attrs.patch as number);
      return { y: embed(tape, need(inputs, 'x')) };
    },
  },
  embed_tokens: {
    build: (tape, inputs) => ({
      y: embedTokens(tape, need(inputs, 'patches'), {
        cls_token: need(inputs, 'cls_token'),
        pos_embed: need(inputs, 'pos_embed'),
      }),
    }),
  },
  pool_tokens: {
    build: (tape, inputs, attrs) => ({ y: poolTokens(tape, need(inputs, 'x'), attrs.of as 'class' | 'patches') }),
  },
  vit_block: {
    layouts: {
      ...{ 'attn.qkv.weight': 'linear_weight', 'attn.proj.weight': 'linear_weight' },
      ...{ 'mlp.fc1.weight': 'linear_weight', 'mlp.fc2.weight': 'linear_weight' },
    },
    constant: ['drop_path_mask'],
    build: (tape, inputs, attrs) => {
      const x = need(inputs, 'x');
      const [batch, , dim] = x.shape as [number, number, number];
      const block = transformerBlock(givenStore(inputs), {
        dim,
        heads: attrs.heads as number,
        eps: attrs.eps as number,
      });
      const { drop_path_mask: mask } = inputs;
      const branch = (first: number) => ({ mask: mask as Tensor, first, drop_prob: attrs.drop_path as number });
      return { y: block(tape, x, mask && [branch(0), branch(batch)]) };
    },
  },
  max_pool2d: {
    layouts: image,
    build: (tape, inputs, attrs) => ({
      y: maxPool2d(tape, need(inputs, 'x'), {
        kernel: attrs.kernel as Pair,
        stride: attrs.stride as Pair,
        padding: attrs.padding as Pair,
      }),
    }),
  },
  global_avg_pool2d: {
    layouts: { x: 'activation' },
    build: (tape, inputs) => ({ y: globalAvgPool2d(tape, need(inputs, 'x')) }),
  },
  cross_entropy: {
    constant: ['target'],
    build: (tape, inputs, attrs) => ({
      y: crossEntropy(tape, need(inputs, 'logits'), need(inputs, 'target'), {
        label_smoothing: attrs.label_smoothing as number,
      }),
    }),
  },
  l2_normalize: {
    build: (tape, inputs, attrs) => ({ y: l2Normalize(tape, need(inputs, 'x'), { eps: attrs.eps as number }) }),
  },
  sup_con: {
    build: (tape, inputs, attrs) => {
      const loss = supCon(tape, need(inputs, 'z'), need(inputs, 'labels'), {
        temperature: attrs.temperature as number,
        variant: attrs.variant === 'nt_xent' ? 'paper' : (attrs.variant as SupConVariant),
        ...(typeof attrs.base_temperature === 'number' && { base_temperature: attrs.base_temperature }),
      });
      // Some cases call it y, others loss.
      return { y: loss, loss };
    },
  },
  info_nce: {
    layouts: { queue: 'linear_weight' },
    constant: ['k', 'queue'],
    build: (tape, inputs, attrs) => ({
      y: infoNce(
        tape,
        l2Normalize(tape, need(inputs, 'q')),
        l2Normalize(tape, need(inputs, 'k')),
        need(inputs, 'queue'),
        {
          temperature: attrs.temperature as number,
          ...(typeof attrs.strip_keys === 'number' && { strip_keys: attrs.strip_keys }),
        },
      ),
    }),
  },
  mae_loss: {
    layouts: { images: 'activation' },
    constant: ['images', 'mask'],
    build: (tape, inputs, attrs) => {
      const normalize = attrs.norm_pix === true;
      const target = patchTargets(tape, need(inputs, 'images'), { patch: attrs.patch as number, normalize });
      return { loss: maskedError(tape, need(inputs, 'pred'), target, need(inputs, 'mask')), target };
    },
  },
  feature_distance: {
    layouts: { student: 'activation', teacher: 'activation' },
    constant: ['teacher', 'weights'],
    build: (tape, inputs) => ({
      y: featureDistance(tape, need(inputs, 'student'), need(inputs, 'teacher'), inputs.weights),
    }),
  },
  small_singular_values: {
    build: (tape, inputs, attrs) => ({ y: smallSingularValues(tape, need(inputs, 'z'), attrs.k as number).sum }),
  },
  class_contrast: {
    constant: ['queue'],
    build: (tape, inputs, attrs) => {
      const [a, b, queue, labels] = ['a', 'b', 'queue', 'labels'].map((name) => need(inputs, name)) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      return {
        y: classContrast(tape, { a, b, queue, labels }, attrs as { temperature: number; strip_keys?: number }),
      };
    },
  },
  focal_sup_con: {
    build: (tape, inputs, attrs) => ({
      y: focalSupCon(tape, need(inputs, 'v'), need(inputs, 'groups'), attrs as unknown as FocalSupConOptions),
    }),
  },
  mix_rows: {
    constant: ['mix', 'mix_hard'],
    build: (tape, inputs, attrs) => {
      const own = (name: string) => need(inputs, name);
      const pairs = { positive: own('positive'), negative: own('negative') };
      const draws = { permutation: own('permutation'), mix: own('mix'), mix_hard: own('mix_hard') };
      const rows = { z: own('z'), labels: own('labels'), pairs, draws };
      return { y: mixRows(tape, rows, { classes: 3, least: attrs.least as number }).features };
    },
  },
  triplet: {
    build: (tape, inputs, attrs) => {
      const partners = { positive: need(inputs, 'positive'), negative: need(inputs, 'negative') };
      return { y: tripletLoss(tape, need(inputs, 'v'), partners, { margin: attrs.margin as number }) };
    },
  },
  permute_rows: {
    constant: ['keys'],
    build: (tape, inputs, attrs) => {
      const permutation = argsort(tape, need(inputs, 'keys'));
      return { y: permuteRows(tape, need(inputs, 'x'), permutation, attrs.count as number | undefined) };
    },
  },
  restore_rows: {
    constant: ['keys'],
    build: (tape, inputs) => ({
      y: restoreRows(tape, need(inputs, 'x'), argsort(tape, need(inputs, 'keys')), inputs.fill),
    }),
  },
  slice_rows: {
    build: (tape, inputs, attrs) => ({
      y: sliceRows(tape, need(inputs, 'x'), attrs.first as number, attrs.count as number),
    }),
  },
  sum: { build: (tape, inputs) => ({ y: sum(tape, need(inputs, 'x')) }) },
  mean: { build: (tape, inputs) => ({ y: mean(tape, need(inputs, 'x')) }) },
  weighted_sum: {
    build: (tape, inputs, attrs) => ({
      y: weightedSum(
        tape,
        (attrs.weights as number[]).map((weight, index) => [need(inputs, `x${index}`), weight]),
      ),
    }),
  },
};
