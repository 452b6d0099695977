import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { scale } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { once } from './reduce.ts';
import { softmax } from './softmax.ts';

interface Problem {
  readonly rows: number;
  readonly length: number;
  readonly depth: number;
}

/** Kernels that walk the keys of a query, or the queries of a key, and hold no weights. */
interface Streaming {
  readonly width: 1 | 4;
  readonly forward: (typeof kernels)['attention/forward'];
  readonly q: (typeof kernels)['attention/backward_q'];
  readonly kv: (typeof kernels)['attention/backward_kv'];
}

export const attentionCandidates: readonly (Candidate<Problem> & { readonly streaming?: Streaming })[] = [
  {
    // Matrix products and a softmax. On processors products reuse what they load, which is worth more than memory.
    name: 'products',
    unfit: ({ rows, length }, { limits }) =>
      4 * rows * length <= limits.maxStorageBufferBindingSize ? undefined : 'the weights do not fit into a buffer',
    suits: (_, { kind }) => kind === 'cpu',
  },
  {
    name: 'vec4',
    unfit: ({ depth }) => (depth % 4 === 0 ? undefined : `d is ${depth}, no multiple of 4`),
    streaming: {
      width: 4,
      forward: kernels['attention/forward'],
      q: kernels['attention/backward_q'],
      kv: kernels['attention/backward_kv'],
    },
  },
  {
    name: 'scalar',
    streaming: {
      width: 1,
      forward: kernels['attention/forward_scalar'],
      q: kernels['attention/backward_q_scalar'],
      kv: kernels['attention/backward_kv_scalar'],
    },
  },
];

/**
 * softmax(scale · q kᵀ) v for q, k, v [batch, heads, length, d]. On GPUs it takes no buffer of length × length.
 * The scale is 1/√d unless given. Throws when the three differ in shape.
 */
export function attention(
  tape: Tape,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: { readonly scale?: number } = {},
): Tensor {
  if (q.shape.length !== 4) throw shapeError('attention', 'q', q.shape, '[batch, heads, length, d] is needed');
  for (const [name, tensor] of Object.entries({ k, v }))
    if (showShape(tensor.shape) !== showShape(q.shape))
      throw shapeError('attention', name, tensor.shape, `q has ${showShape(q.shape)}`);
  const [batch, heads, length, depth] = q.shape as [number, number, number, number];
  const factor = options.scale ?? 1 / Math.sqrt(depth);
  checkNumber('attention', 'scale', factor);
  const { streaming } = choose(tape, 'attention', attentionCandidates, { rows: batch * heads * length, length, depth });
  return streaming ? stream(tape, q, k, v, factor, streaming) : byProducts(tape, q, k, v, factor);
}

function byProducts(tape: Tape, q: Tensor, k: Tensor, v: Tensor, factor: number): Tensor {
  return tape.scope('attention', () => {
    const products = matmul(tape, scale(tape, q, factor), k, { transposeB: true });
    return matmul(tape, softmax(tape, products), v);
  });
}

function stream(tape: Tape, q: Tensor, k: Tensor, v: Tensor, factor: number, chosen: Streaming): Tensor {
  const [batch, heads, length, depth] = q.shape as [number, number, number, number];
  const rows = batch * heads * length;
  const WORKGROUP = tape.target.kind === 'cpu' ? 8 : 64;
  const launch = {
    uniforms: { rows, length, scale: factor },
    constants: { WORKGROUP, DEPTH: depth / chosen.width },
    workgroups: grid(tape.target, Math.ceil(rows / WORKGROUP)),
  };
  const product = 2 * rows * length * depth;
  const y = tape.empty(q.shape, 'attention');
  const lse = tape.empty([rows], 'attention.lse');
  tape.dispatch(chosen.forward, { ...launch, bindings: { q, k, v, y, lse }, label: 'attention', flops: 2 * product });
  return tape.record('attention', { q, k, v }, y, (dy) => {
    const byQuery = (into?: Tensor) => {
      const dq = into ?? tape.empty(q.shape, 'attention.q.grad');
      const products = tape.empty([rows], 'attention.products');
      tape.dispatch(chosen.q, {
        ...launch,
        bindings: { dy, q, k, v, y, lse, dq, products },
        label: 'attention.backward_q',
        flops: 3 * product,
      });
      return { dq, products };
    };
    // q's gradient comes first where it is needed; its pass leaves what the others need.
    let made: ReturnType<typeof byQuery> | undefined;
    const places: { dk?: Tensor; dv?: Tensor } = {};
    const byKey = () => {
      made ??= byQuery();
      const dk = places.dk ?? tape.empty(k.shape, 'attention.k.grad');
      const dv = places.dv ?? tape.empty(v.shape, 'attention.v.grad');
      tape.dispatch(chosen.kv, {
        ...launch,
        bindings: { dy, q, k, v, lse, products: made.products, dk, dv },
        label: 'attention.backward_kv',
        flops: 4 * product,
      });
      return { dk, dv };
    };
    const unplaced = once(byKey);
    const thunk = (name: 'dk' | 'dv') => (into?: Tensor) => {
      if (!into) return unplaced()[name];
      places[name] = into;
      return byKey()[name];
    };
    return {
      q: (into) => {
        made = byQuery(into);
        return made.dq;
      },
      k: thunk('dk'),
      v: thunk('dv'),
    };
  });
}
