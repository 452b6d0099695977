// Faults of networks, their ops and what loads them.
import { noticedBy } from './mutant.ts';

const TILE = 'kernels/attention/tile.wgsl';
const FORWARD = 'kernels/attention/forward_tile.wgsl';
const KEYS = 'kernels/attention/backward_kv_tile.wgsl';
const POSITIONS = 'src/weights/pos_embed.ts';
const VIT = 'src/nn/vit.ts';
const DECAY = 'src/optim/layer_decay.ts';

export const mutants = [
  ...noticedBy(
    'ops/self_attention.test.ts',
    '33,192',
    [
      'keys beyond the end of a sequence count',
      FORWARD,
      'let valid = inside(first + 4u * x);',
      'let valid = inside(0u);',
    ],
    [
      'sums are not rescaled when a larger score comes',
      FORWARD,
      'let shrink = exponential(largest - new_largest);',
      'let shrink = vec4f(1.0);',
    ],
    [
      'queries beyond the end of a sequence count',
      KEYS,
      'let valid = inside(first + 4u * x);',
      'let valid = inside(0u);',
    ],
    ['the second half of a head is the first again', TILE, 'half * THREADS + x]', 'x]'],
  ),
  ...noticedBy('kernels/races.node.test.ts', 'attention/forward_tile', [
    'operands are replaced while others still read them',
    FORWARD,
    'workgroupBarrier();\n      stage_products(0u',
    'stage_products(0u',
  ]),
  ...noticedBy('conformance/models.test.ts', 'vit/patch_embed-00', [
    'patches overlap',
    VIT,
    'stride: [patch, patch]',
    'stride: [patch, patch - 1]',
  ]),
  ...noticedBy('conformance/models.test.ts', 'vit/pos_embed', [
    'positions are resized as Pillow does it',
    POSITIONS,
    'const A = -0.75;',
    'const A = -0.5;',
  ]),
  ...noticedBy('conformance/models.test.ts', 'vit/drop_path-00', [
    'a branch that is kept is not scaled',
    'src/ops/drop_path.ts',
    'factor: 1 / (1 - drop_prob)',
    'factor: 1',
  ]),
  ...noticedBy('conformance/models.test.ts', 'vit/vit_block-03', [
    'the gradient that passes a block is lost',
    'src/ops/layer_norm.ts',
    'ACCUMULATE: onto ? 1 : 0',
    'ACCUMULATE: 0',
  ]),
  ...noticedBy(
    'conformance/models.test.ts',
    'vit/model_vit-02',
    ['the class token is pooled with the patches', 'src/ops/tokens.ts', '[1, tokens - 1];', '[0, tokens];'],
    ['both branches drop the same images', VIT, '(2 * index + number) * batch', '2 * index * batch'],
  ),
  ...noticedBy('conformance/models.test.ts', 'optim_adamw', [
    'biases and norms decay',
    'src/optim/layer_decay.ts',
    'shape.length === 1 ||',
    'false ||',
  ]),
  ...noticedBy('conformance/models.test.ts', 'models/state_dict', [
    'a ResNet-34 is a ResNet-18',
    'src/nn/resnet.ts',
    "resnet34: { block: 'basic', layers: [3, 4, 6, 3]",
    "resnet34: { block: 'basic', layers: [2, 2, 2, 2]",
  ]),
  ...noticedBy(
    'nn/vit.test.ts',
    '',
    ['evaluation drops paths too', VIT, 'training && drop_path > 0', 'drop_path > 0'],
    ['all steps drop the same paths', 'kernels/drop_path/draw.wgsl', 'counter[0], counter[1]', 'counter[0], 0u'],
    [
      'any norm may be missing',
      'src/weights/state_dict.ts',
      'missing.some(isLastNorm) && unexpected',
      'true || unexpected',
    ],
  ),
  ...noticedBy(
    'conformance/models.test.ts',
    'optim_adamw',
    ['the first block learns as the embeddings do', DECAY, 'Number(block) + 1', 'Number(block)'],
    ['the class token decays', DECAY, "name?.[2] === 'cls_token' || ", ''],
    ['rates are one layer off', DECAY, 'depth + 1 - layer', 'depth - layer'],
  ),
  ...noticedBy(
    'ops/self_attention.test.ts',
    '',
    ['channels beyond the last one count', FORWARD, 'select(0.0, 1.0, column < DEPTH)', '1.0'],
    [
      'channels beyond the last one have slopes',
      'kernels/attention/backward_q_tile.wgsl',
      'select(0.0, 1.0, column < DEPTH)',
      '1.0',
    ],
    [
      'keys beyond the end of a sequence have slopes',
      'kernels/attention/backward_q_tile.wgsl',
      'vec4f(inside(first + 4u * x)) * params.scale',
      'vec4f(params.scale)',
    ],
  ),
];
