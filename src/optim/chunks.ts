import type { Kernel } from '../gpu/kernel/kernel.ts';
import { grid } from '../gpu/kernel/target.ts';
import type { Arena, ArenaChunk, Parameter } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import { byteLength, type Chunk, SLICE_ALIGNMENT, type Tensor, variable } from '../tape/tensor.ts';

/** Parameters that a program has gradients for: what `gradients` returns, or a set of parameters. */
export interface Trained {
  has(parameter: Tensor): boolean;
}

/** The parameters of the arena that are trained, in the arena's order. */
export const trainedParameters = (arena: Arena, trained: Trained): Parameter[] =>
  arena.chunks.flatMap(({ parameters }) => parameters.filter((parameter) => trained.has(parameter)));

/** Chunks laid out like those of the arena, filled with zeros. The arena cannot grow afterwards. */
export function likeArena(arena: Arena, name: string): Chunk[] {
  return arena.chunks.map(({ values, gradients }, index) => {
    values.frozen = gradients.frozen = true;
    return { label: `${name}[${index}]`, bytes: values.bytes, initial: [], frozen: false };
  });
}

/** A parameter's part of a chunk that is laid out like the arena's. */
export const partOf = (chunk: Chunk, parameter: Parameter, label: string): Tensor => ({
  shape: parameter.shape,
  dtype: 'f32',
  label,
  requiresGrad: false,
  storage: { chunk, offset: parameter.storage?.offset ?? 0 },
});

/**
 * Launches a kernel on each chunk of the arena that has trained parameters, with the numbers from 1 of those parameters
 * (0 for the others) a block of 64 floats in the binding `rows`.
 */
export function overChunks<B extends string, U extends string, C extends string>(
  tape: Tape,
  arena: Arena,
  trained: readonly Parameter[],
  kernel: Kernel<B | 'rows', U | 'vec4s', C | 'WORKGROUP' | 'SPAN'>,
  launch: {
    bindings: (chunk: ArenaChunk, index: number) => Record<Exclude<B, 'rows'>, Tensor>;
    uniforms: Record<Exclude<U, 'vec4s'>, number>;
    constants?: Partial<Record<Exclude<C, 'WORKGROUP' | 'SPAN'>, number>>;
    label: string;
    flopsPerElement: number;
  },
): void {
  // A processor walks a block in order; a GPU wants neighbouring invocations on neighbouring vec4s.
  const SPAN = tape.target.kind === 'cpu' ? 16 : 1;
  arena.chunks.forEach((chunk, index) => {
    const rows = new Uint32Array(chunk.values.bytes / SLICE_ALIGNMENT);
    trained.forEach((parameter, row) => {
      if (parameter.storage?.chunk !== chunk.values) return;
      const from = parameter.storage.offset / SLICE_ALIGNMENT;
      rows.fill(row + 1, from, from + Math.ceil(byteLength(parameter) / SLICE_ALIGNMENT));
    });
    if (!rows.some((row) => row > 0)) return;
    const vec4s = chunk.values.bytes / 16;
    const { label } = chunk.values;
    tape.dispatch<string, string, string>(kernel as Kernel, {
      bindings: { ...launch.bindings(chunk, index), rows: variable(`${label}.rows`, [rows.length], 'u32', rows) },
      uniforms: { ...launch.uniforms, vec4s },
      constants: { ...launch.constants, SPAN },
      workgroups: grid(tape.target, Math.ceil(vec4s / (kernel.constants.WORKGROUP * SPAN))),
      label: `${launch.label} ${label}`,
      flops: launch.flopsPerElement * 4 * vec4s,
    });
  });
}
