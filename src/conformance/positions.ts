import { type Grid, interpolatePositions } from '../weights/pos_embed.ts';
import type { Case, Results } from './case.ts';

/** Position embeddings on another grid. */
export async function runPositions({ inputs, attrs }: Case): Promise<Results> {
  const { pos_embed } = inputs;
  if (!pos_embed) throw new Error('the case needs input.pos_embed');
  const { grid, new_grid, extra_tokens } = attrs as { grid: Grid; new_grid: Grid; extra_tokens: number };
  const dim = pos_embed.shape.at(-1) as number;
  const options = { dim, grid, to: new_grid, extra: extra_tokens };
  return { 'output.pos_embed': interpolatePositions(pos_embed.data as Float32Array, options) };
}
