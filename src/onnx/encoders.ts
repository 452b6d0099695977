// The encoders of src/nn as graphs of ONNX, from tensors under PyTorch's names and in its layouts (NCHW, OIHW, (out, in)), which
// are ONNX's too. What a test compares with what the device computes.
import { isViT, type ModelOptions } from '../nn/model.ts';
import { RESNETS, STEMS } from '../nn/resnet.ts';
import { VITS } from '../nn/vit.ts';
import { type HostTensor, toFloat32 } from '../weights/host-tensor.ts';
import { permute } from '../weights/layout.ts';
import type { Graph, Value } from './graph.ts';

/** A model's tensors by name. */
export type Tensors = ReadonlyMap<string, HostTensor>;

/** Adds an encoder: normalised images [n, channels, height, width] to features [n, dim]. */
export const addEncoder = (
  graph: Graph,
  tensors: Tensors,
  { arch, encoder = {} }: Pick<ModelOptions, 'arch' | 'encoder'>,
  images: Value,
): Value =>
  isViT(arch)
    ? visionTransformer(graph, tensors, VITS[arch], encoder.global_pool ?? true, images)
    : resnet(graph, tensors, { ...RESNETS[arch], ...encoder }, images);

/** x W^T (+ b) with the linear layer of this name, for x of any rank. */
export function linear(graph: Graph, tensors: Tensors, name: string, x: Value): Value {
  const { data, shape } = tensorOf(tensors, `${name}.weight`);
  const turned = permute(data as Float32Array<ArrayBuffer>, shape, [1, 0]);
  const y = graph.node('MatMul', [x, graph.constant(`${name}.weight`, turned.data, turned.shape)]);
  return tensors.has(`${name}.bias`) ? graph.node('Add', [y, weight(graph, tensors, `${name}.bias`)]) : y;
}

function tensorOf(tensors: Tensors, name: string): { data: Float32Array; shape: readonly number[] } {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`The model has no tensor ${name}.`);
  return { data: toFloat32(tensor), shape: tensor.shape };
}

function weight(graph: Graph, tensors: Tensors, name: string): Value {
  const { data, shape } = tensorOf(tensors, name);
  return graph.constant(name, data, shape);
}

interface ResNetShape {
  readonly block: 'basic' | 'bottleneck';
  readonly layers: readonly number[];
  readonly stem?: keyof typeof STEMS;
  readonly shortcut?: string;
}

function resnet(graph: Graph, tensors: Tensors, shape: ResNetShape, images: Value): Value {
  const { block, layers, stem = 'imagenet', shortcut = 'downsample' } = shape;
  const { pool, ...first } = STEMS[stem];
  const conv = (name: string, x: Value, stride: number, padding: number) =>
    graph.node('Conv', [x, weight(graph, tensors, `encoder.${name}.weight`)], {
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
  const batchNorm = (name: string, x: Value) => {
    const parts = ['weight', 'bias', 'running_mean', 'running_var'];
    const state = parts.map((part) => weight(graph, tensors, `encoder.${name}.${part}`));
    return graph.node('BatchNormalization', [x, ...state], { epsilon: { float: 1e-5 } });
  };
  const relu = (x: Value) => graph.node('Relu', [x]);
  let x = relu(batchNorm('bn1', conv('conv1', images, first.stride, first.padding)));
  if (pool) x = graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  layers.forEach((count, stage) => {
    for (let index = 0; index < count; index++) {
      const name = `layer${stage + 1}.${index}`;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      const strides = block === 'basic' ? [stride, 1] : [1, stride, 1];
      const input = x;
      strides.forEach((step, i) => {
        const padding = block === 'basic' || i === 1 ? 1 : 0;
        x = batchNorm(`${name}.bn${i + 1}`, conv(`${name}.conv${i + 1}`, x, step, padding));
        if (i < strides.length - 1) x = relu(x);
      });
      const beside = `${name}.${shortcut}`;
      const residual = tensors.has(`encoder.${beside}.0.weight`)
        ? batchNorm(`${beside}.1`, conv(`${beside}.0`, input, stride, 0))
        : input;
      x = relu(graph.node('Add', [x, residual]));
    }
  });
  return graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
}

function visionTransformer(
  graph: Graph,
  tensors: Tensors,
  { dim, depth, heads, patch }: { dim: number; depth: number; heads: number; patch: number },
  global_pool: boolean,
  images: Value,
): Value {
  const own = (name: string) => weight(graph, tensors, `encoder.${name}`);
  const number = (name: string, value: number) => graph.constant(name, Float32Array.of(value), []);
  const norm = (name: string, x: Value) =>
    graph.node('LayerNormalization', [x, own(`${name}.weight`), own(`${name}.bias`)], {
      axis: -1,
      epsilon: { float: 1e-6 },
    });
  const layer = (name: string, x: Value) => linear(graph, tensors, `encoder.${name}`, x);
  const reshape = (x: Value, shape: readonly number[]) => graph.node('Reshape', [x, graph.integers(shape)]);
  const transpose = (x: Value, perm: readonly number[]) => graph.node('Transpose', [x], { perm });

  const patches = graph.node('Conv', [images, own('patch_embed.proj.weight'), own('patch_embed.proj.bias')], {
    strides: [patch, patch],
  });
  // A size of 0 is taken from the input, one of -1 from what is left.
  const tokens = transpose(reshape(patches, [0, dim, -1]), [0, 2, 1]);
  const batch = graph.node('Slice', [graph.node('Shape', [tokens]), graph.integers([0]), graph.integers([1])]);
  const shape = graph.node('Concat', [batch, graph.integers([1, dim])], { axis: 0 });
  const cls = graph.node('Expand', [own('cls_token'), shape]);
  let x = graph.node('Add', [graph.node('Concat', [cls, tokens], { axis: 1 }), own('pos_embed')]);
  const scale = number('attention.scale', 1 / Math.sqrt(dim / heads));
  for (let i = 0; i < depth; i++) {
    const name = `blocks.${i}`;
    const mixed = reshape(layer(`${name}.attn.qkv`, norm(`${name}.norm1`, x)), [0, -1, 3, heads, dim / heads]);
    const parts = transpose(mixed, [2, 0, 3, 1, 4]);
    const [q, k, v] = [0, 1, 2].map((part) =>
      graph.node('Gather', [parts, graph.integers([part], [])], { axis: 0 }),
    ) as [Value, Value, Value];
    const scores = graph.node('MatMul', [graph.node('Mul', [q, scale]), transpose(k, [0, 1, 3, 2])]);
    const attended = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), v]);
    const joined = reshape(transpose(attended, [0, 2, 1, 3]), [0, -1, dim]);
    x = graph.node('Add', [x, layer(`${name}.attn.proj`, joined)]);
    const wide = layer(`${name}.mlp.fc1`, norm(`${name}.norm2`, x));
    // GELU, x/2 · (1 + erf(x/√2)).
    const erf = graph.node('Erf', [graph.node('Mul', [wide, number('gelu.scale', Math.SQRT1_2)])]);
    const half = graph.node('Mul', [wide, number('gelu.half', 0.5)]);
    const hidden = graph.node('Mul', [half, graph.node('Add', [erf, number('gelu.one', 1)])]);
    x = graph.node('Add', [x, layer(`${name}.mlp.fc2`, hidden)]);
  }
  const from = (start: number) => [start, Number.MAX_SAFE_INTEGER, 1].map((value) => graph.integers([value]));
  const pooled = global_pool
    ? graph.node('ReduceMean', [graph.node('Slice', [x, ...from(1)])], { axes: [1], keepdims: 0 })
    : graph.node('Gather', [x, graph.integers([0], [])], { axis: 1 });
  return norm(global_pool ? 'fc_norm' : 'norm', pooled);
}
