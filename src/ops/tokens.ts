// The ends of a vision transformer: tokens [batch, 1 + patches, columns], the class token first.

import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { mapValues, scaled } from './elementwise.ts';
import { reduceRows } from './reduce.ts';

export const tokensCandidates: readonly (Candidate<{ rows: number; columns: number }> & {
  readonly width: 1 | 4;
  readonly embed: (typeof kernels)['tokens/embed'];
  readonly patches: (typeof kernels)['tokens/patches'];
  readonly pool: (typeof kernels)['tokens/pool'];
  readonly spread: (typeof kernels)['tokens/spread'];
})[] = [
  {
    name: 'vec4',
    unfit: ({ columns }) => (columns % 4 === 0 ? undefined : `${columns} columns are no multiple of 4`),
    width: 4,
    embed: kernels['tokens/embed'],
    patches: kernels['tokens/patches'],
    pool: kernels['tokens/pool'],
    spread: kernels['tokens/spread'],
  },
  {
    name: 'scalar',
    width: 1,
    embed: kernels['tokens/embed_scalar'],
    patches: kernels['tokens/patches_scalar'],
    pool: kernels['tokens/pool_scalar'],
    spread: kernels['tokens/spread_scalar'],
  },
];

/** What a vision transformer adds to its patches. */
export interface Embeddings {
  /** [1, 1, columns]. */
  readonly cls_token: Tensor;
  /** [1, 1 + patches, columns], the class token's first. */
  readonly pos_embed: Tensor;
}

/**
 * Patches [batch, patches, columns] behind the class token, with the position embeddings added: [batch, 1 + patches, columns].
 * Throws when a shape does not fit, such as that of embeddings for another number of patches.
 */
export function embedTokens(tape: Tape, patches: Tensor, { cls_token, pos_embed }: Embeddings): Tensor {
  if (patches.shape.length !== 3)
    throw shapeError('embed_tokens', 'patches', patches.shape, '[batch, patches, columns] is needed');
  const [batch, count, width] = patches.shape as [number, number, number];
  const tokens = count + 1;
  for (const [name, { shape }, wanted] of [
    ['cls_token', cls_token, [1, 1, width]],
    ['pos_embed', pos_embed, [1, tokens, width]],
  ] as const)
    if (showShape(shape) !== showShape(wanted))
      throw shapeError('embed_tokens', name, shape, `${showShape(wanted)} is needed for ${count} patches`);
  const chosen = choose(tape, 'tokens', tokensCandidates, { rows: batch * tokens, columns: width });
  const uniforms = { tokens, columns: width / chosen.width };
  const valuesOf = (tensor: Tensor) => elements(tensor.shape) / chosen.width;
  const y = tape.empty([batch, tokens, width], 'embed_tokens');
  const bindings = { patches, class_token: cls_token, positions: pos_embed, y };
  mapValues(tape, chosen.embed, bindings, 'embed_tokens', uniforms, valuesOf(y));
  return tape.record('embed_tokens', { patches, cls_token, pos_embed }, y, (dy) => ({
    patches: (into) => {
      const dpatches = into ?? tape.empty(patches.shape, 'embed_tokens.patches.grad');
      mapValues(tape, chosen.patches, { dy, dpatches }, 'embed_tokens.patches', uniforms, valuesOf(dpatches));
      return dpatches;
    },
    cls_token: (into) => {
      const first = pooled(tape, dy, 0, 1, 'embed_tokens.cls_token');
      const sum = into ?? tape.empty(cls_token.shape, 'embed_tokens.cls_token.grad');
      return reduceRows(tape, first, { rows: batch, columns: width }, 1, sum, 'embed_tokens.cls_token');
    },
    pos_embed: (into) => {
      const sum = into ?? tape.empty(pos_embed.shape, 'embed_tokens.pos_embed.grad');
      return reduceRows(tape, dy, { rows: batch, columns: tokens * width }, 1, sum, 'embed_tokens.pos_embed');
    },
  }));
}

/** x [batch, tokens, columns] plus fixed positions [1, tokens, columns], which get no gradient. Throws when shapes do not fit. */
export function addPositions(tape: Tape, x: Tensor, positions: Tensor): Tensor {
  const [, tokens = 0, width = 0] = x.shape;
  if (showShape(positions.shape) !== showShape([1, tokens, width]))
    throw shapeError('add_positions', 'positions', positions.shape, `x has ${showShape(x.shape)}`);
  const period = tokens * width;
  const [size, kernel] =
    period % 4 === 0
      ? ([4, kernels['tokens/add_positions']] as const)
      : ([1, kernels['tokens/add_positions_scalar']] as const);
  const y = tape.empty(x.shape, 'add_positions');
  mapValues(tape, kernel, { x, positions, y }, 'add_positions', { period: period / size }, elements(x.shape) / size);
  return tape.record('add_positions', { x, positions }, y, (dy) => ({
    x: (into) => (into ? scaled(tape, dy, 1, into) : dy),
  }));
}

/** The class token of x [batch, tokens, columns], or the mean of all others: [batch, columns]. */
export function poolTokens(tape: Tape, x: Tensor, of: 'class' | 'patches'): Tensor {
  if (x.shape.length !== 3) throw shapeError('pool_tokens', 'x', x.shape, '[batch, tokens, columns] is needed');
  const [batch, tokens, width] = x.shape as [number, number, number];
  if (of === 'patches' && tokens < 2) throw shapeError('pool_tokens', 'x', x.shape, 'there is no token but the first');
  const [first, count] = of === 'class' ? [0, 1] : [1, tokens - 1];
  const y = pooled(tape, x, first, count, 'pool_tokens');
  return tape.record('pool_tokens', { x }, y, (dy) => ({
    x: (into) => {
      const chosen = choose(tape, 'tokens', tokensCandidates, { rows: batch * tokens, columns: width });
      const dx = into ?? tape.empty(x.shape, 'pool_tokens.grad');
      const uniforms = { tokens, columns: width / chosen.width, first, count, factor: 1 / count };
      const values = elements(x.shape) / chosen.width;
      mapValues(tape, chosen.spread, { dy, dx }, 'pool_tokens.backward', uniforms, values);
      return dx;
    },
  }));
}

/** The mean of `count` tokens from `first` on, without a record. */
function pooled(tape: Tape, x: Tensor, first: number, count: number, label: string): Tensor {
  const [batch, tokens, width] = x.shape as [number, number, number];
  const chosen = choose(tape, 'tokens', tokensCandidates, { rows: batch * tokens, columns: width });
  const y = tape.empty([batch, width], label);
  const uniforms = { tokens, columns: width / chosen.width, first, count, factor: 1 / count };
  mapValues(tape, chosen.pool, { x, y }, label, uniforms, elements(y.shape) / chosen.width);
  return y;
}
