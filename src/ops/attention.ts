import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { grid, tile, type Workgroups } from '../gpu/kernel/target.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import { tileLaunch, unfitTiles } from './attention/tiles.ts';
import { type Candidate, choose } from './candidates.ts';
import { matmul } from './matmul.ts';
import { once } from './reduce.ts';
import { softmax } from './softmax.ts';

interface Problem {
  readonly rows: number;
  readonly length: number;
  readonly depth: number;
}

/** Kernels that hold no weights: in tiles, for GPUs, or a query or key an invocation. */
type Passes = Streaming | 'tile';

/** Kernels whose invocations walk the keys of a query, or the queries of a key. */
interface Streaming {
  readonly width: 1 | 4;
  readonly forward: (typeof kernels)['attention/forward'];
  readonly q: (typeof kernels)['attention/backward_q'];
  readonly kv: (typeof kernels)['attention/backward_kv'];
}

export const attentionCandidates: readonly (Candidate<Problem> & { readonly passes?: Passes })[] = [
  {
    // Matrix products and a softmax. On processors products reuse what they load, which is worth more than memory.
    name: 'products',
    unfit: ({ rows, length }, { limits }) =>
      4 * rows * length <= limits.maxStorageBufferBindingSize ? undefined : 'the weights do not fit into a buffer',
    suits: (_, { kind }) => kind === 'cpu',
  },
  { name: 'tile', unfit: unfitTiles, passes: 'tile' },
  {
    name: 'vec4',
    unfit: ({ depth }) => (depth % 4 === 0 ? undefined : `d is ${depth}, no multiple of 4`),
    passes: {
      width: 4,
      forward: kernels['attention/forward'],
      q: kernels['attention/backward_q'],
      kv: kernels['attention/backward_kv'],
    },
  },
  {
    name: 'scalar',
    passes: {
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
  const { passes } = choose(tape, 'attention', attentionCandidates, { rows: batch * heads * length, length, depth });
  return passes ? stream(tape, q, k, v, factor, passes) : byProducts(tape, q, k, v, factor);
}

function byProducts(tape: Tape, q: Tensor, k: Tensor, v: Tensor, factor: number): Tensor {
  return tape.scope('attention', () => {
    const products = matmul(tape, q, k, { transposeB: true });
    return matmul(tape, softmax(tape, products, { factor }), v);
  });
}

/** The three kernels and how each is launched. */
interface Launches {
  readonly forward: Kernel;
  readonly q: Kernel;
  readonly kv: Kernel;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroups: Workgroups;
}

function launchOf(
  { target }: Tape,
  [batch, heads, length, depth]: readonly [number, number, number, number],
  scale: number,
  passes: Passes,
): Launches {
  if (passes === 'tile')
    return {
      forward: kernels['attention/forward_tile'],
      q: kernels['attention/backward_q_tile'],
      kv: kernels['attention/backward_kv_tile'],
      ...tileLaunch(target, { batch, heads, length, depth }, scale, { packed: false }),
    };
  const { width, ...own } = passes;
  const rows = batch * heads * length;
  const { WORKGROUP } = tile(target, { WORKGROUP: target.kind === 'cpu' ? 8 : 64 });
  return {
    ...own,
    uniforms: { rows, length, scale },
    constants: { WORKGROUP, DEPTH: depth / width },
    workgroups: grid(target, Math.ceil(rows / WORKGROUP)),
  };
}

function stream(tape: Tape, q: Tensor, k: Tensor, v: Tensor, factor: number, passes: Passes): Tensor {
  const [batch, heads, length, depth] = q.shape as [number, number, number, number];
  const rows = batch * heads * length;
  const {
    forward,
    q: byQueries,
    kv: byKeys,
    ...launch
  } = launchOf(tape, [batch, heads, length, depth], factor, passes);
  const product = 2 * rows * length * depth;
  const y = tape.empty(q.shape, 'attention');
  const lse = tape.empty([rows], 'attention.lse');
  tape.dispatch(forward, { ...launch, bindings: { q, k, v, y, lse }, label: 'attention', flops: 2 * product });
  return tape.record('attention', { q, k, v }, y, (dy) => {
    const byQuery = (into?: Tensor) => {
      const dq = into ?? tape.empty(q.shape, 'attention.q.grad');
      const products = tape.empty([rows], 'attention.products');
      tape.dispatch(byQueries, {
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
      tape.dispatch(byKeys, {
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
