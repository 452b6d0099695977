import type { Dispatch } from '../../tape/launch.ts';
import { byteLength, type Chunk, type Tensor } from '../../tape/tensor.ts';

/** Which dispatches must run, and which temporaries share a buffer. */
export interface Plan {
  readonly dispatches: readonly Dispatch[];
  /** The buffer of each temporary, as an index into `sizes`. */
  readonly placement: ReadonlyMap<Tensor, number>;
  readonly sizes: readonly number[];
  /** Bytes of all temporaries, as if each had its own buffer. */
  readonly unshared: number;
  /** Bytes of the temporaries alive at once, at the worst dispatch: no plan can need less. */
  readonly live: number;
}

export function plan(dispatches: readonly Dispatch[], outputs: readonly Tensor[]): Plan {
  const kept = dropDead(dispatches, outputs);
  const lives = lifetimes(kept, outputs);
  return { dispatches: kept, ...share(lives), ...totals(lives, kept.length) };
}

/** The tensors that a dispatch writes. */
export const writtenBy = ({ kernel, bindings }: Dispatch): Tensor[] =>
  kernel.bindings.filter(({ access }) => access === 'read_write').map(({ name }) => bindings[name] as Tensor);

/** Where the tensors lie that outlive a run. */
export const lastingChunks = (dispatches: readonly Dispatch[]): Set<Chunk> =>
  new Set(dispatches.flatMap(({ bindings }) => Object.values(bindings).flatMap(({ storage }) => storage?.chunk ?? [])));

/** Keeps what writes a lasting tensor, an output, or something that a kept dispatch reads. */
function dropDead(dispatches: readonly Dispatch[], outputs: readonly Tensor[]): Dispatch[] {
  const needed = new Set<Tensor>(outputs);
  const kept: Dispatch[] = [];
  for (const dispatch of [...dispatches].reverse()) {
    if (!writtenBy(dispatch).some((tensor) => tensor.storage || needed.has(tensor))) continue;
    kept.push(dispatch);
    for (const tensor of Object.values(dispatch.bindings)) needed.add(tensor);
  }
  return kept.reverse();
}

interface Life {
  readonly tensor: Tensor;
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/** From the dispatch that first touches a temporary to the last one; an output lives to the end. */
function lifetimes(dispatches: readonly Dispatch[], outputs: readonly Tensor[]): Life[] {
  const lives = new Map<Tensor, Life>();
  dispatches.forEach((dispatch, index) => {
    const writes = new Set(writtenBy(dispatch));
    for (const tensor of Object.values(dispatch.bindings)) {
      if (tensor.storage) continue;
      const life = lives.get(tensor);
      if (life) life.last = index;
      else if (!writes.has(tensor))
        throw new Error(`${dispatch.label} reads ${tensor.label}, which nothing has written.`);
      else lives.set(tensor, { tensor, bytes: byteLength(tensor), first: index, last: index });
    }
  });
  for (const tensor of outputs) {
    const life = lives.get(tensor);
    if (life) life.last = dispatches.length;
  }
  return [...lives.values()];
}

/**
 * Greedy by size (Pisarchyk and Lee, arXiv 2001.03288, "shared objects"): the largest temporaries choose first, and each
 * takes the buffer nearest its size whose tenants are all dead while it lives. Buffers stay whole because WebGPU does
 * not let one dispatch read one part of a buffer and write another.
 */
function share(lives: readonly Life[]): Pick<Plan, 'placement' | 'sizes'> {
  const placement = new Map<Tensor, number>();
  const buffers: { size: number; tenants: Life[] }[] = [];
  for (const life of [...lives].sort((a, b) => b.bytes - a.bytes)) {
    const free = buffers.filter(({ tenants }) => tenants.every((t) => t.last < life.first || life.last < t.first));
    // Sizes only fall, so every buffer is large enough; the smallest wastes least.
    const buffer = free.sort((a, b) => a.size - b.size)[0] ?? { size: life.bytes, tenants: [] };
    if (buffer.tenants.length === 0) buffers.push(buffer);
    buffer.tenants.push(life);
    placement.set(life.tensor, buffers.indexOf(buffer));
  }
  return { placement, sizes: buffers.map(({ size }) => size) };
}

function totals(lives: readonly Life[], count: number): Pick<Plan, 'unshared' | 'live'> {
  let live = 0;
  for (let index = 0; index < count; index++)
    live = Math.max(
      live,
      lives.reduce((sum, { bytes, first, last }) => (first <= index && index <= last ? sum + bytes : sum), 0),
    );
  return { unshared: lives.reduce((sum, { bytes }) => sum + bytes, 0), live };
}
