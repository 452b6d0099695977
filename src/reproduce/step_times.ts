// What a step of each method takes beside one of another: measured in turns, so that whatever else the machine does meets all alike.
import { type Comparison, compareTimes } from '../bench/comparison.ts';
import { takeTurns } from '../bench/timing.ts';
import { createTrainingStep, type TrainingStep } from '../bench/training_step.ts';
import type { Device } from '../gpu/device.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import { methodNamed } from '../methods/index.ts';
import { createModel, type ModelOptions } from '../nn/model.ts';
import type { Shape } from '../tape/tensor.ts';
import type { Timed } from './experiment.ts';

export interface StepTimes extends Comparison {
  readonly label: string;
  /** Floating-point operations of a step. */
  readonly flops: number;
  /** The paper's ratio of hours, where it tells one. */
  readonly paper?: number;
}

/** Samples of each method, and the milliseconds after which a slow one takes no more than its fewest. */
const ROUNDS = { rounds: 9, budget: 10_000 };
const FEWEST = 6;

/** Times whole training steps (forward, backward, SGD with momentum; images are on the device) and compares each row with the first. */
export async function timeSteps(
  device: Device,
  rows: readonly Timed[],
  {
    model: { arch, encoder, classes },
    shape,
  }: { model: Pick<ModelOptions, 'arch' | 'encoder' | 'classes'>; shape: Shape },
): Promise<StepTimes[]> {
  const names = [...new Set(rows.flatMap(({ steps }) => steps.map(({ method }) => method)))];
  const programs: (Pick<TrainingStep, 'inputs'> & { program: Program; flops: number })[] = [];
  for (const name of names) {
    const method = methodNamed(name);
    const projector = method.projector ? { out: 256, ...method.heads?.projector } : undefined;
    const model = createModel({ arch, encoder, classes, seed: 0, ...method.heads, projector });
    const { tape, inputs, dispatches } = createTrainingStep(device.target, model, method, shape);
    const program = await compile(device, tape);
    programs.push({ program, inputs, flops: dispatches.reduce((sum, { flops }) => sum + flops, 0) });
  }
  const taken = await takeTurns(
    programs.map(({ program, inputs }) => async (times) => {
      for (let i = 0; i < times; i++) program.run(inputs);
      await device.idle();
    }),
    ROUNDS,
    FEWEST,
  );
  for (const { program } of programs) program.destroy();
  const samplesOf = (name: string) => taken[names.indexOf(name)]?.samples ?? [];
  /** The k-th samples of several were taken in the same round, or in the next. */
  const mixed = ({ steps }: Timed): number[] => {
    const count = Math.min(...steps.map(({ method }) => samplesOf(method).length));
    return Array.from({ length: count }, (_, k) =>
      steps.reduce((sum, { method, share }) => sum + share * (samplesOf(method)[k] as number), 0),
    );
  };
  const [first] = rows as [Timed];
  const flopsOf = ({ steps }: Timed) =>
    steps.reduce((sum, { method, share }) => sum + share * (programs[names.indexOf(method)]?.flops ?? 0), 0);
  return rows.map((row) => ({
    label: row.label,
    ...(row.paper !== undefined && { paper: row.paper }),
    flops: flopsOf(row),
    ...compareTimes(mixed(first), mixed(row)),
  }));
}
