// Faults of pre-training: of MoCo's parts, and of masking.
import { noticedBy } from './mutant.ts';

const MOCO = 'src/methods/moco.ts';
const MAE = 'src/methods/mae.ts';

export const mutants = [
  ...noticedBy(
    'methods/moco.test.ts',
    'each query is its own key',
    [
      'keys stay shuffled',
      MOCO,
      'const unit = l2Normalize(tape, keys);',
      'const unit = l2Normalize(tape, permuteRows(tape, keys, shuffle));',
    ],
    ['the queue is not normalised', 'src/data/random.ts', 'row[j] = value / norm;', 'row[j] = value;'],
    ['keys do not join the queue', MOCO, 'afterBackward(() => enqueue(tape, queue, unit));', ''],
    [
      'a positive key counts twice',
      'kernels/queue_contrast/statistics.wgsl',
      'before = vec4f(own, 1.0, own, 0.0);',
      'before = vec4f(own, 2.0, own, 0.0);',
    ],
  ),
  ...noticedBy(
    'methods/moco.test.ts',
    'follows the weights',
    [
      'the key encoder stays',
      MOCO,
      'afterUpdate: (tape) => recordEma(tape, model.store.arena, twin.chunks, key_momentum),',
      '',
    ],
    [
      'the key encoder forgets',
      'kernels/optimizer/ema.wgsl',
      'average[i] = own.x * average[i] + own.y * values[i];',
      'average[i] = own.y * average[i] + own.x * values[i];',
    ],
  ),
  ...noticedBy('methods/moco.test.ts', 'from an encoder that has changed', [
    'keys begin elsewhere than queries',
    MOCO,
    'if (epoch === 0) await twin.follow(',
    'if (epoch > 0) await twin.follow(',
  ]),
  ...noticedBy(
    'ops/batch_norm.test.ts',
    'in 3 groups',
    [
      "running statistics are the first group's",
      'kernels/batch_norm/normalize.wgsl',
      'means += others.mean;',
      'means += mean;',
    ],
    [
      'a group is as large as the batch',
      'kernels/batch_norm/groups.wgsl',
      'let start = group * params.rows;',
      'let start = 0u * params.rows;',
    ],
  ),
  ...noticedBy('ops/info_nce.test.ts', 'the oldest keys', [
    'the pointer stays',
    'kernels/key_queue/advance.wgsl',
    '+ params.rows) % params.length',
    '+ 0u * params.rows) % params.length',
  ]),
  ...noticedBy(
    'conformance/pretrain.test.ts',
    'mae',
    [
      'one token too many is kept',
      'kernels/mae/mask.wgsl',
      '>= params.extra + params.kept',
      '> params.extra + params.kept',
    ],
    [
      'deviations are biased',
      'kernels/mae/patches.wgsl',
      'f32(params.columns - 1u) + 1e-6',
      'f32(params.columns) + 1e-6',
    ],
    [
      'rows come before columns',
      'src/nn/positions.ts',
      'places.forEach((place, half)',
      'places.reverse().forEach((place, half)',
    ],
  ),
  ...noticedBy('optim/ema.test.ts', '', [
    'averages may be laid out otherwise',
    'src/optim/ema.ts',
    ' !== bytes(average))',
    " === '')",
  ]),
  ...noticedBy('methods/moco.test.ts', 'follows the weights', [
    'averages grow',
    'src/optim/ema.ts',
    'one_minus_momentum: 1 - momentum',
    'one_minus_momentum: 1',
  ]),
  ...noticedBy(
    'methods/moco.test.ts',
    '',
    ["keys are of the queries' views", MOCO, 'sliceRows(tape, images, n, n)', 'sliceRows(tape, images, 0, n)'],
    ['keys have running statistics', MOCO, 'shuffled, { groups })', 'shuffled, false)'],
    ['keys are not in groups', MOCO, 'shuffled, { groups })', 'shuffled, true)'],
    ['queries are not normalised', MOCO, 'infoNce(tape, l2Normalize(tape, queries), ', 'infoNce(tape, queries, '],
  ),
  ...noticedBy('cli/train.node.test.ts', "MoCo's checkpoint", [
    "the queue's keys are rows",
    MOCO,
    "toTorch(kept('queue'), 'linear_weight')",
    "kept('queue')",
  ]),
  ...noticedBy(
    'cli/mae.node.test.ts',
    'an encoder is pre-trained',
    ['biases decay', MAE, "decay: 'matrices' }", "decay: 'all' }"],
    ['half of the patches are hidden', MAE, 'mask_ratio: 0.75, norm_pix: true', 'mask_ratio: 0.5, norm_pix: true'],
    ['what is watched is the class token', MAE, 'global_pool ? asFineTuned(encoder) : encoder', 'encoder'],
    ["names are not MAE's", MAE, "name.replace(/^encoder\\./, '')", 'name'],
    [
      "a run that goes on takes the recipe's settings",
      'src/cli/options.ts',
      "['cli', 'config'].includes",
      "['cli'].includes",
    ],
    ['position embeddings are random', 'src/nn/vit.ts', "positions === 'sincos'", "positions !== 'sincos'"],
  ),
  ...noticedBy('cli/mae.node.test.ts', 'is refused in one sentence', [
    'what cannot be trained is found late',
    'src/cli/one_run.ts',
    'if (options.resume === undefined) await checkRun(device, run);',
    '',
  ]),
  ...noticedBy('methods/mae.test.ts', 'hides other patches', [
    'masks are the same in each step',
    MAE,
    'uniform(tape, counter(),',
    `uniform(tape, {
      ...{ shape: [2], dtype: 'u32', label: 'fixed', requiresGrad: false },
      storage: { chunk: { label: 'fixed', bytes: 16, initial: [], frozen: false }, offset: 0 },
    },`,
  ]),
];
