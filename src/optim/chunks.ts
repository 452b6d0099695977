import type { Kernel } from '../gpu/kernel/kernel.ts';
import { grid } from '../gpu/kernel/target.ts';
import type { Arena, ArenaChunk, Parameter } from '../tape/parameter.ts';
import type { Tape } from '../tape/tape.ts';
import { byteLength, type Chunk, type Tensor, variable } from '../tape/tensor.ts';

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

/** The parts of chunks that are laid out like the arena's, as lasting tensors by parameter. */
export const partsOf = (arena: Arena, chunks: readonly Chunk[], name: string): Map<string, Tensor> =>
  new Map(
    arena.chunks.flatMap(({ parameters }, index) =>
      parameters.map(({ label, shape, storage }) => [
        label,
        {
          shape,
          dtype: 'f32',
          label: `${label}.${name}`,
          requiresGrad: false,
          storage: { chunk: chunks[index] as Chunk, offset: storage?.offset ?? 0 },
        },
      ]),
    ),
  );

/** What a workgroup takes: its first vec4, the one after its last, the number of the parameter, the span's own over all chunks. */
type Span = readonly [from: number, to: number, parameter: number, number: number];

interface Share {
  readonly spans: readonly Span[];
  readonly vec4s: number;
  readonly WORKGROUP: number;
}

/** How the trained parameters are shared out, chunk by chunk. */
function share(tape: Tape, arena: Arena, trained: readonly Parameter[]): Share[] {
  let before = 0;
  return arena.chunks.map(({ values }) => {
    const own = trained.flatMap((parameter, number) =>
      parameter.storage?.chunk === values
        ? [{ number, first: parameter.storage.offset / 16, vec4s: Math.ceil(byteLength(parameter) / 16) }]
        : [],
    );
    const vec4s = own.reduce((sum, part) => sum + part.vec4s, 0);
    // A processor wants long spans, and still one for each of its threads.
    const [WORKGROUP, longest] = tape.target.kind === 'cpu' ? [8, Math.min(2 ** 14, Math.ceil(vec4s / 8))] : [64, 256];
    const spans = own.flatMap(({ number, first, vec4s: length }) =>
      Array.from({ length: Math.ceil(length / longest) }, (_, i): Span => {
        const from = first + i * longest;
        return [from, Math.min(from + longest, first + length), number, before++];
      }),
    );
    return { spans, vec4s, WORKGROUP };
  });
}

/** How many workgroups `overChunks` launches for these parameters. */
export const countSpans = (tape: Tape, arena: Arena, trained: readonly Parameter[]): number =>
  share(tape, arena, trained).reduce((sum, { spans }) => sum + spans.length, 0);

/**
 * Launches a kernel on each chunk of the arena that has trained parameters, with a workgroup a span of one of them: the
 * binding `spans` names for each its first vec4, the one after its last, the number of the parameter among the trained, and its
 * own over all chunks.
 */
export function overChunks<B extends string, U extends string, C extends string>(
  tape: Tape,
  arena: Arena,
  trained: readonly Parameter[],
  kernel: Kernel<B | 'spans', U | 'spans', C | 'WORKGROUP'>,
  launch: {
    bindings: (chunk: ArenaChunk, index: number) => Record<Exclude<B, 'spans'>, Tensor>;
    uniforms: Record<Exclude<U, 'spans'>, number>;
    constants?: Partial<Record<Exclude<C, 'WORKGROUP'>, number>>;
    label: string;
    flopsPerElement: number;
  },
): void {
  const shares = share(tape, arena, trained);
  arena.chunks.forEach((chunk, index) => {
    const { spans, vec4s, WORKGROUP } = shares[index] as Share;
    if (spans.length === 0) return;
    const { label } = chunk.values;
    tape.dispatch<string, string, string>(kernel as Kernel, {
      bindings: {
        ...launch.bindings(chunk, index),
        spans: variable(`${label}.spans`, [spans.length, 4], 'u32', Uint32Array.from(spans.flat())),
      },
      uniforms: { ...launch.uniforms, spans: spans.length },
      constants: { ...launch.constants, WORKGROUP },
      workgroups: grid(tape.target, spans.length),
      label: `${launch.label} ${label}`,
      flops: launch.flopsPerElement * 4 * vec4s,
    });
  });
}
