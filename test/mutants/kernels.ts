// Faults of kernels in folded grids: what a workgroup too many must not do.
import { noticedBy } from './mutant.ts';

const GRID = 'the same bits in a folded grid';

export const mutants = [
  ...noticedBy('ops/grids.node.test.ts', `global_avg_pool2d gives ${GRID}`, [
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
    'kernels/attention/forward_tile.wgsl',
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
  ...noticedBy(
    'gpu/define.test.ts',
    'kernels of one',
    [
      'flags of @kernel lines are lost',
      'src/gpu/kernel/define.ts',
      'return { ...found, name };',
      'return { ...found, flags: [], name };',
    ],
    [
      'every binding is read only',
      'src/gpu/kernel/reflect.ts',
      "access: access === 'read_write' ? access : 'read'",
      "access: 'read'",
    ],
    ['fields of a struct lie one too far', 'src/gpu/kernel/reflect.ts', 'offset: 4 * index,', 'offset: 4 * index + 4,'],
    [
      'a binding that is missing is not told',
      'src/tape/launch.ts',
      "kind === 'constant' ? undefined",
      "kind !== 'uniform' ? undefined",
    ],
  ),
];
