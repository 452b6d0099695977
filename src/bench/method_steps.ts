// Whole steps of the methods of fine-tuning, as the trainer takes them: what they cost beside each other.
import { createDataset, type Dataset, equalSizes } from '../data/dataset.ts';
import { randomUniform } from '../data/random.ts';
import { allIndices } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { plan } from '../gpu/program/plan.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import type { Method, MethodConfig } from '../methods/method.ts';
import { createModel, type ModelOptions } from '../nn/model.ts';
import { sgd } from '../optim/sgd.ts';
import type { Tape } from '../tape/tape.ts';
import type { Shape } from '../tape/tensor.ts';
import type { TrainConfig } from '../train/config.ts';
import { recordStage, stepInputs } from '../train/stage_programs.ts';
import { type Comparison, compareTimes } from './comparison.ts';
import { type Run, takeTurns } from './timing.ts';

/** What is trained, and the shape [n, height, width, channels] of its micro-batches. */
export interface StepSetting {
  readonly model: Pick<ModelOptions, 'arch' | 'encoder' | 'classes'>;
  readonly shape: Shape;
  /** The share of the epochs that COIN's first stage has; the paper's 0.7 unless given. */
  readonly alpha?: number;
}

/** A step of one stage, forward, backward and update, and the share of the epochs that have it. */
export interface StageStep {
  readonly stage: string;
  readonly share: number;
  readonly tape: Tape;
  /** What the next run is given. */
  readonly inputs: () => Readonly<Record<string, ArrayBufferView>>;
  readonly flops: number;
  readonly bytes: number;
  readonly dispatches: number;
}

const EPOCHS = 100;

/** Records a method's stages with its authors' settings, on images that are not augmented, under SGD with momentum. */
export function stageSteps(
  target: Target,
  method: Method,
  { model: own, shape, alpha = 0.7 }: StepSetting,
): StageStep[] {
  const [batch = 1] = shape;
  const projector = method.projector ? { out: 256, ...method.heads?.projector } : undefined;
  const model = createModel({ ...own, seed: 0, ...method.heads, projector });
  const common = { alpha, lambda: 0.1, temperature: 0.3, variant: 'official', label_smoothing: 0 } as const;
  const options: MethodConfig = { ...common, ...method.defaults, epochs: EPOCHS };
  const config: TrainConfig = {
    ...{ method, options, model, data: madeUpImages(target, shape, own.classes ?? 1), batch, lr: 1e-3, seed: 0 },
    ...{ indices: allIndices(batch), augmentation: {}, optimizer: sgd(model.store.arena, { momentum: 0.9 }) },
  };
  const stages = method.stages(options, model).filter(({ epochs: [from, to] }) => from < to);
  const trained = stages.at(-1)?.epochs[1] ?? 1;
  return stages.map((stage) => {
    const recorded = recordStage(target, config, stage, undefined).get(batch);
    if (!recorded) throw new Error(`${method.title} has no step of ${batch} images.`);
    const { tape, update } = recorded;
    const { dispatches } = plan(tape.dispatches, [...tape.outputs.values()]);
    const sum = (of: 'flops' | 'bytes') => dispatches.reduce((total, dispatch) => total + dispatch[of], 0);
    return {
      ...{ stage: stage.name, share: (stage.epochs[1] - stage.epochs[0]) / trained, tape },
      inputs: () => ({ ...stepInputs(allIndices(batch), config, 0), ...update?.inputs(config.lr) }),
      ...{ flops: sum('flops'), bytes: sum('bytes'), dispatches: dispatches.length },
    };
  });
}

/** Noise of as many classes. */
function madeUpImages(
  target: Target,
  [count = 1, height = 1, width = 1, channels = 1]: Shape,
  classes: number,
): Dataset {
  return createDataset(target, {
    ...{ name: 'noise', channels, sizes: equalSizes(count, [height, width]) },
    pixels: Uint8Array.from(randomUniform(count * height * width * channels, 0, 256, 0, 0)),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    classes: Array.from({ length: classes }, (_, i) => `${i}`),
  });
}

/** How long a sum of steps takes by that of the first row. */
export interface Timed {
  readonly steps: readonly (Pick<StageStep, 'tape' | 'inputs'> & { readonly share: number })[];
}

/** Samples of each step, and the milliseconds after which a slow one takes no more than its fewest. */
const ROUNDS = { rounds: 9, budget: 10_000 };
const FEWEST = 6;

/** Times the steps of all rows in turns, so that whatever else the machine does meets all alike; steps that rows share are timed once. */
export async function timeRows(device: Device, rows: readonly Timed[]): Promise<Comparison[]> {
  const taken = new Map<Tape, readonly number[]>();
  const steps = new Map(rows.flatMap((row) => row.steps.map(({ tape, inputs }) => [tape, inputs] as const)));
  const programs: Program[] = [];
  for (const tape of steps.keys()) programs.push(await compile(device, tape));
  const runs = [...steps.values()].map(
    (inputs, i): Run =>
      async (times) => {
        for (let run = 0; run < times; run++) programs[i]?.run(inputs());
        await device.idle();
      },
  );
  const found = await takeTurns(runs, ROUNDS, FEWEST);
  for (const [i, tape] of [...steps.keys()].entries()) taken.set(tape, found[i]?.samples ?? []);
  for (const program of programs) program.destroy();
  /** The k-th samples of several were taken in the same round, or in the next. */
  const mixed = ({ steps: own }: Timed): number[] => {
    const samples = own.map(({ tape, share }) => ({ share, of: taken.get(tape) as readonly number[] }));
    const count = Math.min(...samples.map(({ of }) => of.length));
    return Array.from({ length: count }, (_, k) =>
      samples.reduce((sum, { share, of }) => sum + share * (of[k] as number), 0),
    );
  };
  const first = mixed(rows[0] as Timed);
  return rows.map((row) => compareTimes(first, mixed(row)));
}
