// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
// New ones.
import { noticedBy } from './mutant.ts';

const PICKLE = 'src/weights/pickle.ts';
const TORCH = 'src/weights/torch.ts';
const SURVIVE = 'src/train/survive.ts';
const STATE = 'src/train/run_state.ts';
const DECAY = 'src/optim/layer_decay.ts';
const MOCO = 'src/methods/moco.ts';
const ARCHIVES = 'src/data/tree/archives.ts';
const FORWARD = 'kernels/attention/forward_tile.wgsl';
const GRID = 'the same bits in a folded grid';

export const mutants = [
  ...noticedBy(
    'weights/checkpoints.node.test.ts',
    '',
    ['big-endian numbers of archives are read', TORCH, ".trim() !== 'little')", ".trim() === 'none')"],
    ['big-endian numbers of old files are read', TORCH, "system.get('little_endian') === false)", 'false)'],
    [
      'another model goes before the state dict',
      TORCH,
      "root.get('state_dict') ?? modelOf(root) ?? root",
      "modelOf(root) ?? root.get('state_dict') ?? root",
    ],
    ['a part of a storage may end beyond it', TORCH, 'offset + length > count', 'false'],
    ['sparse tensors are passed over', TORCH, 'else if (isInert(value) && /', 'else if (false && /'],
    ['a storage may have two types', TORCH, 'known.dtype !== dtype || known.size !== storage.size', 'false'],
    ['old storages may be shorter than their tensors say', TORCH, 'count < 0n || size !== known.size', 'count < 0n'],
    ['what is left on the stack does not matter', PICKLE, 'stack.length > 0 || marks.length > 0', 'false'],
    ['a pickle may make any number of objects', PICKLE, '++containers > MOST_CONTAINERS', 'false'],
    ['keyword arguments are arguments', PICKLE, 'const [, args] = [pop(), pop()];', 'const [args] = [pop(), pop()];'],
  ),
  ...noticedBy(
    'data/tree/tree.node.test.ts',
    '',
    ['of several entries of a name the last counts', 'src/data/tree/tar_tree.ts', ' || found.has(path)', ''],
    ['archives in archives stay closed', ARCHIVES, 'depth < DEEPEST &&', 'false &&'],
    ['archives are files of the data set', ARCHIVES, ' || (isArchive(path) && part.tree === tree)', ''],
    ['archives that changed are not read again', ARCHIVES, '`${tree.stampOf(path)}/${source.size}`', "''"],
    [
      'what an inner archive says is not told',
      ARCHIVES,
      '[tree, ...opened.map((part) => part.tree)].flat',
      '[tree].flat',
    ],
    [
      'only the file itself may be left behind',
      'src/data/tree/tree.ts',
      'kept.some(isLeftBehind)',
      "isLeftBehind(kept.at(-1) ?? '')",
    ],
  ),
  ...noticedBy(
    'data/formats.node.test.ts',
    '',
    ['test images may have classes of their own', 'src/data/formats/format.ts', 'if (stranger)', 'if (false)'],
    ['a class may lie in two places', 'src/data/formats/imagenet20.ts', 'if (other !== root)', 'if (false)'],
    [
      'labels of CIFAR may be of no class',
      'src/data/formats/cifar.ts',
      'label < 0 || label >= classes.length',
      'false',
    ],
  ),
  ...noticedBy(
    'train/resume.test.ts',
    'lost',
    ['losses of devices are counted over a whole run', SURVIVE, "if (event.type === 'saved') losses = 0;", ''],
    ['a run is tried once more', SURVIVE, '++losses >= PATIENCE', '++losses > PATIENCE'],
    ['a run begins again where it began', SURVIVE, '      from = await latest();\n', ''],
    ['a run begins without its state', SURVIVE, 'let from = await latest();', 'let from: S | undefined;'],
  ),
  ...noticedBy(
    'train/resume.test.ts',
    '',
    [
      'tensors of other shapes are restored',
      STATE,
      'if (given && showShape(given.shape) !== showShape(shape))',
      'if (false)',
    ],
    ['averages begin anew', STATE, 'if (average) await loadState(device, average, averageOf(state), from);', ''],
    ['another optimizer is restored', STATE, 'if (!given && !name.startsWith', 'if (false && !name.startsWith'],
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
  ...noticedBy('optim/clip.test.ts', '', [
    'gradients are clipped in place of their sums',
    'src/optim/clip.ts',
    'from?.chunks[index] ?? arena',
    'arena',
  ]),
  ...noticedBy(
    'conformance/models.test.ts',
    'optim_adamw',
    ['the first block learns as the embeddings do', DECAY, 'Number(block) + 1', 'Number(block)'],
    ['the class token decays', DECAY, "name?.[2] === 'cls_token' || ", ''],
    ['rates are one layer off', DECAY, 'depth + 1 - layer', 'depth - layer'],
  ),
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
    'conformance/augment.test.ts',
    '',
    ['a Gaussian ends at two deviations', 'kernels/augment/blur.wgsl', 'ceil(4.0 * sigma)', 'ceil(2.0 * sigma)'],
    [
      'the last pixel of a blur is the one before it',
      'kernels/augment/blur.wgsl',
      'select(params.width, params.height, is_vertical)) - 1',
      'select(params.width, params.height, is_vertical)) - 2',
    ],
    [
      'partners are smoothed apart',
      'kernels/augment/targets.wgsl',
      '(1.0 - params.smoothing) * (own + other)',
      '(1.0 - params.smoothing) * own + other',
    ],
    [
      'contrast takes the grey of the beginning',
      'kernels/augment/adjust.wgsl',
      'step < middle; step++',
      'step < params.first; step++',
    ],
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
  // What a workgroup too many must not do.
  ...noticedBy('ops/grids.node.test.ts', `sum gives ${GRID}`, [
    'a chunk too many is summed',
    'kernels/reduce/column_sums.wgsl',
    'if (chunk * params.chunk_rows >= params.rows)',
    'if (false)',
  ]),
  ...noticedBy(
    'ops/grids.node.test.ts',
    `matmul gives ${GRID}`,
    ['a slice too many is computed', 'kernels/gemm/subgroup.wgsl', 'if (place.slice >= gemm_slices())', 'if (false)'],
    [
      'a slice too many is computed in tiles',
      'kernels/gemm/tile.wgsl',
      'if (place.slice >= gemm_slices())',
      'if (false)',
    ],
    [
      'a slice too many is computed in registers',
      'kernels/gemm/register.wgsl',
      ' | (place.slice >= gemm_slices())',
      '',
    ],
    ['a slice too many is computed plainly', 'kernels/matmul/naive.wgsl', ' | (z >= params.slices)', ''],
  ),
  ...noticedBy('ops/grids.node.test.ts', `layer_norm gives ${GRID}`, [
    'a chunk too many has its sums',
    'kernels/layer_norm/backward_sums.wgsl',
    'if (chunk * params.chunk_rows >= params.rows)',
    'if (false)',
  ]),
  ...noticedBy(
    'ops/grids.node.test.ts',
    `batch_norm gives ${GRID}`,
    [
      'a chunk too many has statistics',
      'kernels/batch_norm/statistics.wgsl',
      'if (chunk >= params.groups * params.chunks)',
      'if (false)',
    ],
    [
      'a chunk too many is normalised',
      'kernels/batch_norm/normalize.wgsl',
      'if (chunk >= params.groups * params.chunks)',
      'if (false)',
    ],
    [
      'a chunk too many is differentiated',
      'kernels/batch_norm/backward_input.wgsl',
      'if (chunk >= params.groups * params.chunks)',
      'if (false)',
    ],
  ),
  ...noticedBy('ops/grids.node.test.ts', `self_attention gives ${GRID}`, [
    'a sequence too many is attended to',
    FORWARD,
    'if (place.sequence >= params.sequences)',
    'if (false)',
  ]),
  ...noticedBy('ops/grids.node.test.ts', `max_pool2d gives ${GRID}`, [
    'a pixel too many is pooled',
    'kernels/max_pool2d/forward.wgsl',
    'if (pixel >= params.pixels)',
    'if (false)',
  ]),
  ...noticedBy('ops/grids.node.test.ts', `conv2d gives ${GRID}`, [
    'an image too many is convolved',
    'kernels/conv2d/forward_direct.wgsl',
    'if (image >= params.batch)',
    'if (false)',
  ]),
];
