import { grid, type Target } from '../../gpu/kernel/target.ts';

/** Heads of sequences, which attention looks at one by one. */
export interface Heads {
  readonly batch: number;
  readonly heads: number;
  /** Of a sequence, in tokens. */
  readonly length: number;
  /** Channels of a head. */
  readonly depth: number;
}

/** Invocations of a workgroup in each direction, and the channels of a head that they have registers for. */
const THREADS = 8;
const MOST = 8 * THREADS;

/** Why the kernels in tiles cannot take such heads; undefined where they can. */
export const unfitTiles = ({ depth }: Pick<Heads, 'depth'>): string | undefined => {
  if (depth % 4 !== 0) return `d is ${depth}, no multiple of 4`;
  return depth > MOST ? `d is ${depth}, more than ${MOST}` : undefined;
};

/**
 * How any of the kernels in tiles is launched. Heads by themselves, q, k, v and y [batch, heads, length, depth]; or `packed`, q, k and v side by side in rows of one tensor
 * [batch, length, 3, heads, depth] and y [batch, length, heads, depth].
 */
export function tileLaunch(
  target: Target,
  { batch, heads, length, depth }: Heads,
  scale: number,
  { packed }: { packed: boolean },
) {
  const d = depth / 4;
  const sequences = batch * heads;
  const strides = packed
    ? {
        ...{ row: 3 * heads * d, head: d, image: 3 * heads * length * d },
        ...{ q_offset: 0, k_offset: heads * d, v_offset: 2 * heads * d },
        ...{ y_row: heads * d, y_head: d, y_image: heads * length * d },
      }
    : {
        ...{ row: d, head: length * d, image: heads * length * d, q_offset: 0, k_offset: 0, v_offset: 0 },
        ...{ y_row: d, y_head: length * d, y_image: heads * length * d },
      };
  return {
    uniforms: { length, heads, sequences, scale, ...strides },
    constants: { THREADS, DEPTH: d },
    workgroups: grid(target, sequences * Math.ceil(length / (4 * THREADS))),
  };
}
