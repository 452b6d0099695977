import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { COUNT, checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { type Heads, tileLaunch, unfitTiles } from './attention/tiles.ts';
import { type Candidate, choose } from './candidates.ts';
import { type Matrices, type Product, product } from './matmul.ts';
import { softmaxBackward, softmaxForward } from './softmax.ts';

export const selfAttentionCandidates: readonly (Candidate<Heads> & {
  readonly record: (tape: Tape, qkv: Tensor, y: Tensor, heads: Heads, scale: number) => Tensor;
})[] = [
  {
    // In tiles, without weights in memory. On processors products reuse what they load, which is worth more than memory.
    name: 'tile',
    unfit: unfitTiles,
    suits: (_, { kind }) => kind === 'gpu',
    record: byTiles,
  },
  { name: 'products', record: byProducts },
];

/**
 * Attention of each sequence to itself, by heads: softmax(scale · q kᵀ) v, for q, k and v side by side in the rows of qkv
 * [batch, length, 3 · heads · d], in the order [3, heads, d] as timm's `attn.qkv` has them; y [batch, length, heads · d]. On GPUs it
 * takes no buffer of length × length. The scale is 1/√d unless given. Throws when the rows cannot be cut so.
 */
export function selfAttention(
  tape: Tape,
  qkv: Tensor,
  { heads, scale }: { readonly heads: number; readonly scale?: number },
): Tensor {
  checkNumber('self_attention', 'heads', heads, COUNT);
  const [batch = 1, length = 1, width = 1] = qkv.shape;
  if (qkv.shape.length !== 3 || width % (3 * heads) !== 0)
    throw shapeError('self_attention', 'qkv', qkv.shape, `[batch, length, 3 · ${heads} · d] is needed`);
  const problem = { batch, heads, length, depth: width / (3 * heads) };
  const factor = scale ?? 1 / Math.sqrt(problem.depth);
  checkNumber('self_attention', 'scale', factor);
  const y = tape.empty([batch, length, width / 3], 'self_attention');
  return choose(tape, 'self_attention', selfAttentionCandidates, problem).record(tape, qkv, y, problem, factor);
}

function byTiles(tape: Tape, qkv: Tensor, y: Tensor, problem: Heads, scale: number): Tensor {
  const { batch, heads, length, depth } = problem;
  const launch = tileLaunch(tape.target, problem, scale, { packed: true });
  const multiply = 2 * batch * heads * length * length * depth;
  const lse = tape.empty([batch * heads * length], 'self_attention.lse');
  tape.dispatch(kernels['attention/forward_tile'], {
    ...launch,
    bindings: { q: qkv, k: qkv, v: qkv, y, lse },
    label: 'self_attention',
    flops: 2 * multiply,
  });
  return tape.record('self_attention', { qkv }, y, (dy) => ({
    qkv: (into) => {
      const dqkv = into ?? tape.empty(qkv.shape, 'self_attention.grad');
      const products = tape.empty([batch * heads * length], 'self_attention.products');
      tape.dispatch(kernels['attention/backward_q_tile'], {
        ...launch,
        bindings: { dy, q: qkv, k: qkv, v: qkv, y, lse, dq: dqkv, products },
        label: 'self_attention.backward_q',
        flops: 3 * multiply,
      });
      tape.dispatch(kernels['attention/backward_kv_tile_packed'], {
        ...launch,
        bindings: { dy, q: qkv, k: qkv, v: qkv, lse, products, dqkv },
        label: 'self_attention.backward_kv',
        flops: 4 * multiply,
      });
      return dqkv;
    },
  }));
}

/** Matrix products and a softmax, which reads and writes length × length weights a head. */
function byProducts(tape: Tape, qkv: Tensor, y: Tensor, { batch, heads, length, depth }: Heads, scale: number): Tensor {
  const width = heads * depth;
  /** q, k or v in rows of all three. */
  const part = (tensor: Tensor, index: number): Matrices => ({
    ...{ tensor, row: 3 * width, offset: index * width, outer: 3 * length * width, inner: depth },
  });
  const [q, k, v] = [0, 1, 2].map((index) => part(qkv, index)) as [Matrices, Matrices, Matrices];
  const rows = (tensor: Tensor): Matrices => ({ tensor, row: width, outer: length * width, inner: depth });
  const square = (tensor: Tensor): Matrices => ({
    ...{ tensor, row: length, outer: heads * length * length, inner: length * length },
  });
  const turned = (matrices: Matrices): Matrices => ({ ...matrices, transposed: true });
  const multiply = (problem: Pick<Product, 'm' | 'n' | 'k' | 'a' | 'b' | 'c' | 'label'>) =>
    product(tape, { ...problem, outerCount: batch, innerCount: heads });
  const squares = () => tape.empty([batch, heads, length, length], 'self_attention.weights');

  const byQuery = { m: length, n: depth, k: length };
  const byPair = { m: length, n: length, k: depth };
  const scores = squares();
  multiply({ ...byPair, a: q, b: turned(k), c: square(scores), label: 'self_attention.scores' });
  const weights = softmaxForward(tape, scores, scale);
  multiply({ ...byQuery, a: square(weights), b: v, c: rows(y), label: 'self_attention.values' });
  return tape.record('self_attention', { qkv }, y, (dy) => ({
    qkv: (into) => {
      const dqkv = into ?? tape.empty(qkv.shape, 'self_attention.grad');
      const [dq, dk, dv] = [0, 1, 2].map((index) => part(dqkv, index)) as [Matrices, Matrices, Matrices];
      const dweights = squares();
      multiply({ ...byPair, a: rows(dy), b: turned(v), c: square(dweights), label: 'self_attention.grad_weights' });
      multiply({ ...byQuery, a: turned(square(weights)), b: rows(dy), c: dv, label: 'self_attention.grad_v' });
      const dscores = square(softmaxBackward(tape, dweights, weights, scale));
      multiply({ ...byQuery, a: dscores, b: k, c: dq, label: 'self_attention.grad_q' });
      multiply({ ...byQuery, a: turned(dscores), b: q, c: dk, label: 'self_attention.grad_k' });
      return dqkv;
    },
  }));
}
