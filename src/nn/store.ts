import { randomNormal, randomUniform } from '../data/random.ts';
import { checkNumber, WHOLE } from '../tape/check.ts';
import { type Arena, createArena, type Parameter } from '../tape/parameter.ts';
import { checkShape, elements, type Shape, type Tensor, variable } from '../tape/tensor.ts';
import type { Layout } from '../weights/layout.ts';
import type { Grid } from '../weights/pos_embed.ts';

/** A state-dict entry: a tensor under PyTorch's name, and how its layout differs from PyTorch's. */
export interface StateEntry {
  readonly name: string;
  readonly tensor: Tensor;
  readonly layout?: Layout;
  /** Of position embeddings [1, 1 + patches, dim]: rows and columns of the patches. */
  readonly grid?: Grid;
}

/** First values of a parameter, as PyTorch's initialisers give them. */
export type Init =
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

/** Where modules register parameters and buffers, under dotted names in the order of PyTorch's state dict. */
export interface Store {
  readonly arena: Arena;
  readonly entries: StateEntry[];
  /** The dotted name of this scope, empty at the root. */
  readonly name: string;
  /** The store with `name.` in front of all names. */
  scope(name: string): Store;
  /** A trained tensor; `shape` is in the engine's layout. */
  parameter(name: string, shape: Shape, init: Init, layout?: Layout, grid?: Grid): Parameter;
  /** A lasting tensor that is not trained, with these values or filled with one. */
  buffer(name: string, shape: Shape, value: number | Float32Array, grid?: Grid): Tensor;
}

/** `seed` fixes all first values: each depends on the seed, the parameter's name and the element alone. */
export function createStore(seed: number, arena = createArena()): Store {
  checkNumber('createStore', 'seed', seed, WHOLE);
  const entries: StateEntry[] = [];
  const within = (prefix: string): Store => {
    const path = (name: string) => (prefix ? `${prefix}.${name}` : name);
    const register = <T extends Tensor>(name: string, tensor: T, layout?: Layout, grid?: Grid): T => {
      if (entries.some((entry) => entry.name === name))
        throw new Error(`The model already has an entry named ${name}.`);
      entries.push({ name, tensor, ...(layout && { layout }), ...(grid && { grid }) });
      return tensor;
    };
    return {
      arena,
      entries,
      name: prefix,
      scope: (name) => within(path(name)),
      parameter(name, shape, init, layout, grid) {
        const full = path(name);
        checkShape(full, shape);
        const first = () => initialise(init, elements(shape), seed, hash(full));
        return register(full, arena.add(full, shape, first), layout, grid);
      },
      buffer(name, shape, value, grid) {
        const full = path(name);
        checkShape(full, shape);
        const data = typeof value === 'number' ? new Float32Array(elements(shape)).fill(value) : value;
        return register(full, variable(full, shape, 'f32', data), undefined, grid);
      },
    };
  };
  return within('');
}

function initialise(init: Init, count: number, seed: number, stream: number): Float32Array {
  switch (init.kind) {
    case 'normal':
      return randomNormal(count, init.deviation, seed, stream);
    case 'uniform':
      return randomUniform(count, -init.bound, init.bound, seed, stream);
    case 'constant':
      return new Float32Array(count).fill(init.value);
  }
}

/** FNV-1a, to give each name its own stream of random numbers. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The parameters whose names begin with a part of the model's, such as `encoder`. */
export const parametersOf = ({ arena }: Pick<Store, 'arena'>, part: string): Parameter[] =>
  arena.chunks.flatMap(({ parameters }) => parameters.filter(({ label }) => label.startsWith(`${part}.`)));

/**
 * Freezes parameters for tapes that are recorded from now on: those whose names are, or begin with, one of the given parts of
 * names, such as `encoder` or `encoder.layer1`. They get no gradient, and an optimizer leaves them as they are.
 * Throws where a part is of no parameter.
 */
export function freeze({ arena }: Pick<Store, 'arena'>, parts: readonly string[]): void {
  const parameters = arena.chunks.flatMap((chunk) => chunk.parameters);
  for (const part of parts) {
    const own = parameters.filter(({ label }) => label === part || label.startsWith(`${part}.`));
    if (own.length === 0) {
      const depth = part.split('.').length;
      const known = new Set(parameters.map(({ label }) => label.split('.').slice(0, depth).join('.')));
      throw new Error(`The model has no ${part} to freeze; it has: ${[...known].join(', ')}.`);
    }
    for (const parameter of own) parameter.requiresGrad = false;
  }
}
