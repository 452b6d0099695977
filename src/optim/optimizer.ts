import type { Kernel } from '../gpu/kernel/kernel.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import type { Arena, Parameter } from '../tape/parameter.ts';
import type { Admit, Tape } from '../tape/tape.ts';
import { type Chunk, type Tensor, wholeChunk } from '../tape/tensor.ts';
import type { Accumulator } from './accumulate.ts';
import { likeArena, overChunks, partsOf, type Trained, trainedParameters } from './chunks.ts';

/** What may differ between parameters. */
export interface Group {
  /** Multiplies the learning rate; at least 0, 1 unless given. */
  readonly lr_scale?: number;
  /** In place of the optimizer's own. */
  readonly weight_decay?: number;
}

/** What all optimizers share. */
export interface OptimizerOptions {
  /** At least 0. */
  readonly weight_decay?: number;
  /** What differs for a parameter; asked once for each, when a step is recorded. */
  readonly groups?: (parameter: Parameter) => Group;
}

/** One dispatch an arena chunk updates all parameters; state is shared by all programs that record the optimizer. */
export interface Optimizer {
  /**
   * Appends the update of the trained parameters, from their gradients or from sums that it then clears. All other
   * parameters stay as they are to the bit: no decay, no momentum, no step counted. At most once a tape.
   */
  record(tape: Tape, trained: Trained, options?: { from?: Accumulator }): Update;
  /** What must be kept to resume, as lasting tensors by `PARAMETER.STATE` with PyTorch's names of states; see `steps`. */
  state(): Map<string, Tensor>;
  /** Steps taken so far, by parameter. To resume, set them as they were. */
  readonly steps: Map<string, number>;
}

/** A learning rate, at least 0: one for all parameters, or by a parameter's name. */
export type Rate = number | ((parameter: string) => number);

/** An optimizer's part in one program. */
export interface Update {
  /**
   * The program's inputs for its next run, at this learning rate. Each run needs them anew, and counts the step when it has
   * taken them.
   */
  inputs(lr: Rate): Record<string, Float32Array<ArrayBuffer>>;
}

/** What tells one optimizer from another. */
interface Rule<S extends string, U extends string> {
  readonly name: string;
  readonly kernel: Kernel<'spans' | 'settings' | 'gradients' | 'values' | S, 'spans' | U, 'WORKGROUP' | 'CLEAR'>;
  readonly states: readonly S[];
  readonly uniforms: Record<U, number>;
  readonly flopsPerElement: number;
  /** A parameter's up to four numbers for its `step`-th step, from 1. */
  readonly settings: (lr: number, weight_decay: number, step: number) => readonly number[];
}

export function createOptimizer<S extends string, U extends string>(
  arena: Arena,
  { weight_decay = 0, groups }: OptimizerOptions,
  rule: Rule<S, U>,
): Optimizer {
  checkNumber(rule.name, 'weight_decay', weight_decay, NOT_NEGATIVE);
  const steps = new Map<string, number>();
  let made: Record<S, Chunk[]> | undefined;
  const chunksOf = (state: S): Chunk[] => {
    made ??= Object.fromEntries(rule.states.map((name) => [name, likeArena(arena, name)])) as Record<S, Chunk[]>;
    return made[state];
  };
  return {
    steps,
    record(tape, trained, { from } = {}) {
      const parameters = trainedParameters(arena, trained);
      if (parameters.length === 0) throw new Error(`${rule.name}: no parameter of the arena has a gradient here.`);
      const own = parameters.map((parameter) => {
        const { lr_scale = 1, weight_decay: decay = weight_decay } = groups?.(parameter) ?? {};
        checkNumber(rule.name, `lr_scale of ${parameter.label}`, lr_scale, NOT_NEGATIVE);
        checkNumber(rule.name, `weight_decay of ${parameter.label}`, decay, NOT_NEGATIVE);
        return { label: parameter.label, scale: lr_scale, decay };
      });
      const nextSteps = () => own.map(({ label }) => (steps.get(label) ?? 0) + 1);
      /** The steps that inputs were made for. */
      const madeFor = new WeakMap<ArrayBufferView, readonly number[]>();
      const admit: Admit = (data) => {
        const wanted = data && madeFor.get(data);
        const next = nextSteps();
        if (!wanted)
          throw new Error(
            `${rule.name}: the run was not given what update.inputs(lr) returns, which each run needs anew.`,
          );
        if (wanted.some((step, row) => step !== next[row]))
          throw new Error(
            `${rule.name}: the run was given what update.inputs(lr) returned for another step; each run needs it anew.`,
          );
        return () => {
          own.forEach(({ label }, row) => {
            steps.set(label, next[row] as number);
          });
        };
      };
      const settings = tape.input('optimizer', [parameters.length, 4], 'f32', { admit });
      overChunks<string, string, string>(tape, arena, parameters, rule.kernel as Kernel, {
        bindings: ({ values, gradients }, index) => ({
          settings,
          values: wholeChunk(values),
          gradients: wholeChunk(from?.chunks[index] ?? gradients),
          ...Object.fromEntries(rule.states.map((state) => [state, wholeChunk(chunksOf(state)[index] as Chunk)])),
        }),
        uniforms: rule.uniforms,
        constants: { CLEAR: from ? 1 : 0 },
        label: rule.name,
        flopsPerElement: rule.flopsPerElement,
      });
      return {
        inputs(lr) {
          const data = new Float32Array(4 * own.length);
          const next = nextSteps();
          own.forEach(({ label, scale, decay }, row) => {
            const rate = typeof lr === 'function' ? lr(label) : lr;
            checkNumber(rule.name, 'the learning rate', rate, NOT_NEGATIVE);
            data.set(rule.settings(rate * scale, decay, next[row] as number), 4 * row);
          });
          madeFor.set(data, next);
          return { optimizer: data };
        },
      };
    },
    state: () =>
      new Map(
        rule.states.flatMap((state) =>
          [...partsOf(arena, chunksOf(state), state)].map(([label, tensor]) => [`${label}.${state}`, tensor] as const),
        ),
      ),
  };
}
