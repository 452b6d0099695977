import { augment } from '../data/augment.ts';
import { batchSizes } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import type { DispatchInfo } from '../gpu/program/dispatch_info.ts';
import type { Profile } from '../gpu/program/profile.ts';
import { compile, type Program, type ProgramMemory, type Readback } from '../gpu/program/program.ts';
import type { Stage } from '../methods/method.ts';
import type { Accumulator } from '../optim/accumulate.ts';
import { clipGradients } from '../optim/clip.ts';
import { recordEma } from '../optim/ema.ts';
import type { Rate, Update } from '../optim/optimizer.ts';
import { createTape, type Tape } from '../tape/tape.ts';
import type { TrainConfig } from './config.ts';
import { augmentationOf, CONTRAST, recordStep } from './step.ts';

/** The programs of a stage: one for each size of batch that occurs, which share pipelines and memory. */
export interface StagePrograms {
  /**
   * Submits one micro-batch of the given images and, where `apply` says so, the optimizer's step; returns without
   * waiting. The losses can be read whenever it suits.
   */
  run(images: Uint32Array<ArrayBuffer>, step: number, lr: Rate, apply: boolean): Promise<Readback<string>>;
  /** Does the same and times the micro-batch's dispatches, for which it waits. */
  profile(...step: Parameters<StagePrograms['run']>): Promise<Profile & Readback<string>>;
  /** The dispatches of a full micro-batch and its optimizer step. */
  describe(): DispatchInfo[];
  /** Of a full micro-batch's program. */
  readonly memory: ProgramMemory;
}

/** A step on tapes, which are not compiled yet. */
interface RecordedStep {
  readonly tape: Tape;
  readonly told: readonly string[];
  readonly update?: Update;
  readonly apply?: { readonly tape: Tape; readonly update: Update };
}

interface StepProgram {
  readonly program: Program;
  /** What is read back: the losses, and how well features find each other where the loss is contrastive. */
  readonly told: readonly string[];
  /** Present where the same program takes the optimizer's step. */
  readonly update?: Update;
  /** Present where gradients are first summed up. */
  readonly apply?: { readonly program: Program; readonly update: Update };
}

/** With `sums`, gradients are added up there over the micro-batches of an optimizer step; all stages can share them. */
export async function createStagePrograms(
  device: Device,
  config: TrainConfig,
  stage: Stage,
  sums: Accumulator | undefined,
): Promise<StagePrograms> {
  const programs = new Map<number, StepProgram>();
  const sizes = batchSizes(config.indices.length, config.batch, config);
  for (const [size, step] of recordStage(device.target, config, stage, sums)) {
    const { tape, apply, ...rest } = step;
    programs.set(size, {
      ...rest,
      program: await compile(device, tape),
      ...(apply && { apply: { ...apply, program: await compile(device, apply.tape) } }),
    });
  }
  const programFor = (images: Uint32Array) => programs.get(images.length) as StepProgram;
  const full = programs.get(sizes[0] as number) as StepProgram;
  return {
    describe: () => [...full.program.describe(), ...(full.apply?.program.describe() ?? [])],
    memory: full.program.memory,
    async run(images, step, lr, apply) {
      const { program, told, update, apply: optimizer } = programFor(images);
      const readback = program.run({ ...stepInputs(images, config, step), ...update?.inputs(lr) }, told);
      if (apply) optimizer?.program.run(optimizer.update.inputs(lr));
      return readback;
    },
    async profile(images, step, lr, apply) {
      const { program, told, update, apply: optimizer } = programFor(images);
      const profile = await program.profile({ ...stepInputs(images, config, step), ...update?.inputs(lr) }, told);
      if (apply) optimizer?.program.run(optimizer.update.inputs(lr));
      return profile;
    },
  };
}

/** Records the steps of a stage, one for each size of batch that occurs. Throws where the settings make none. */
export const recordStage = (
  target: Target,
  config: TrainConfig,
  stage: Stage,
  sums: Accumulator | undefined,
): Map<number, RecordedStep> =>
  new Map(
    [...new Set(batchSizes(config.indices.length, config.batch, config))].map((size) => [
      size,
      recordStepOf(target, config, stage, size, sums),
    ]),
  );

function recordStepOf(
  target: Target,
  { model, method, data, augmentation, optimizer, accumulate = 1, max_norm, average }: TrainConfig,
  stage: Stage,
  size: number,
  sums: Accumulator | undefined,
): RecordedStep {
  const views = method.views ?? 1;
  const tape = createTape(target);
  const batch = augment(tape, data, views * size, augmentationOf(stage, augmentation));
  const trained = recordStep(tape, model, stage, batch, { watch: true });
  const told = [...tape.outputs.keys()].filter((name) => name.startsWith('loss.') || name === CONTRAST);
  const { arena } = model.store;
  const recordUpdate = (onto: Tape, from?: Accumulator): Update => {
    if (max_norm !== undefined) clipGradients(onto, arena, trained, { max_norm, from });
    const update = optimizer.record(onto, trained, from && { from });
    const averages = average?.model.store.arena.chunks.map(({ values }) => values);
    if (average && averages) recordEma(onto, arena, averages, average.decay);
    stage.afterUpdate?.(onto);
    return update;
  };
  if (!sums) {
    return { tape, told, update: recordUpdate(tape) };
  }
  sums.record(tape, trained, 1 / accumulate);
  const applying = createTape(target);
  return { tape, told, apply: { tape: applying, update: recordUpdate(applying, sums) } };
}

/** What a program with augmented images is given for these of the data set at a step. */
export const stepInputs = (images: Uint32Array, { method, seed }: TrainConfig, step: number) => ({
  indices: Uint32Array.from(
    { length: images.length * (method.views ?? 1) },
    (_, i) => images[i % images.length] as number,
  ),
  counter: new Uint32Array([seed, step]),
});
