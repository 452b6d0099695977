// What is timed, defined once for every way to run it and for every engine that is compared.
import { attentionCases, selfAttentionCases } from './cases/attention.ts';
import { augmentCases } from './cases/augment.ts';
import { batchNormCases } from './cases/batch_norm.ts';
import type { BenchCase, Setting } from './cases/case.ts';
import { convBatchNormCase } from './cases/conv_batch_norm.ts';
import { convCases } from './cases/conv2d.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { layerNormCases } from './cases/layer_norm.ts';
import { type Layer, resnetLayers } from './cases/layers.ts';
import { linearCases, matmulCases, productCase } from './cases/matmul.ts';
import { maxPool2dCases } from './cases/max_pool2d.ts';
import { optimizerCases } from './cases/optimizer.ts';
import { supConCases } from './cases/sup_con.ts';

export * from './cases/case.ts';

/** Images in a batch: what trains well on a GPU, and what a processor gets through. */
const BATCH = { cpu: { 224: 2, 32: 16 }, gpu: { 224: 64, 32: 64 } };

/** What all engines are compared by has the word `peers`: two matrix products, and three convolutions with both gradients. */
const COMPARED = /^(matmul (512|1024) NN|conv \dx\d s\d N16 C64 16x16 K(64|128) \w+)$/;

/** Those among all others that are timed when nothing is asked for. */
const USUAL = /N\d+ C3 224x224|\[\d+,56,56,64\]|vit.*(768->3072|768,3072|attention|layer_norm|,64]x)/;

export interface Selection extends Partial<Setting> {
  /** Whether to take all cases that match, not only the usual ones among them. */
  readonly all?: boolean;
}

/**
 * The cases whose name and tags contain every word of `pattern`: the usual ones among them, or all where none of them
 * is usual or all are asked for. Throws when there is none.
 */
export function selectCases(pattern = '', { kind = 'cpu', batch, all = false }: Selection = {}): BenchCase[] {
  const words = pattern.split(/\s+/);
  const matching = allCases({ kind, batch }).filter(({ name, tags = [] }) => {
    const text = [name, ...tags].join(' ');
    return words.every((word) => text.includes(word));
  });
  if (matching.length === 0)
    throw new Error(`No benchmark matches "${pattern}"; "coin bench --list" names all that there are.`);
  const usual = matching.filter((bench) => bench.usual);
  return all || usual.length === 0 ? matching : usual;
}

export function allCases(setting: Setting): BenchCase[] {
  const batchOf = (size: number) => setting.batch ?? BATCH[setting.kind][size < 64 ? 32 : 224];
  const cases = [
    ...matmulCases(),
    ...fixedConvolutions(),
    ...resnetLayers(batchOf).flatMap(layerCases),
    ...normalizedConvolutions(batchOf(224)),
    ...visionTransformer(setting.batch ?? (setting.kind === 'cpu' ? 1 : 32)),
    ...supConCases(),
    ...optimizerCases(),
    ...augmentCases(setting),
    ...elementwiseCases(setting),
  ].map(({ tags = [], ...bench }) => ({
    ...bench,
    tags: COMPARED.test(bench.name) ? [...tags, 'peers'] : tags,
    usual: bench.usual || USUAL.test([...tags, bench.name].join(' ')),
  }));
  // A layer may be one of the fixed cases, and layers of two models one case.
  return [...new Map(cases.map((bench) => [bench.name, bench])).values()];
}

/** Three small convolutions. */
function fixedConvolutions(): BenchCase[] {
  const image = { batch: 16, size: 16, from: 64 };
  return [
    { ...image, to: 64, kernel: 3, stride: 1, padding: 1 },
    { ...image, to: 128, kernel: 3, stride: 2, padding: 1 },
    { ...image, to: 128, kernel: 1, stride: 1, padding: 0 },
  ].flatMap((conv) => convCases(conv).map((bench) => ({ ...bench, usual: true })));
}

/** Of ResNet-50 at 224 px: few input channels, whose result takes long to read again beside the product, and many. */
const normalizedConvolutions = (batch: number): BenchCase[] =>
  [
    { size: 56, from: 64, to: 64, kernel: 3, padding: 1 },
    { size: 56, from: 64, to: 256, kernel: 1, padding: 0 },
    { size: 14, from: 1024, to: 256, kernel: 1, padding: 0 },
  ].map((conv) => ({ ...convBatchNormCase({ batch, stride: 1, ...conv }), tags: ['resnet50', '224px'] }));

function layerCases({ op, shapes, output, tags }: Layer): BenchCase[] {
  const { x, weight, residual } = shapes;
  switch (op) {
    case 'conv2d': {
      const [batch, size, , from] = x as [number, number, number, number];
      const [kernel, , , to] = weight as [number, number, number, number];
      const stride = Math.round(size / (output[1] as number));
      // All of a ResNet's convolutions keep the image's size but for the stride.
      const padding = (kernel - 1) / 2;
      return convCases({ batch, size, from, to, kernel, stride, padding }).map((bench) => ({ ...bench, tags }));
    }
    case 'batch_norm':
      return batchNormCases(x!, residual !== undefined).map((bench) => ({ ...bench, tags }));
    case 'max_pool2d':
      return maxPool2dCases(x!, output).map((bench) => ({ ...bench, tags }));
    default:
      return [];
  }
}

/**
 * The layers of ViT-B/16 at 224 px, 196 patches and a class token, 12 heads, next to plain products of the same sizes.
 * Dosovitskiy et al., 2021.
 */
function visionTransformer(batch: number): BenchCase[] {
  const [length, width, heads] = [197, 768, 12];
  const rows = [batch, length];
  const patches = { batch, size: 224, from: 3, to: width, kernel: 16, stride: 16, padding: 0 };
  return [
    ...convCases(patches),
    ...[
      [width, 3 * width],
      [width, width],
      [width, 4 * width],
      [4 * width, width],
    ].flatMap(([from = 0, to = 0]) => [
      ...linearCases(`linear [${rows}] ${from}->${to}`, rows, from, to),
      productCase(1, batch * length, from, to),
    ]),
    ...attentionCases([batch, heads, length, width / heads]),
    ...selfAttentionCases([batch, heads, length, width / heads]),
    productCase(batch * heads, length, width / heads, length),
    ...layerNormCases([...rows, width]),
  ].map((bench) => ({ ...bench, tags: ['vit'] }));
}
