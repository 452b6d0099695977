import type { Device } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { lastingChunks, plan, writtenBy } from '../gpu/program/plan.ts';
import type { Program } from '../gpu/program/program.ts';
import type { Method } from '../methods/method.ts';
import type { Model } from '../nn/model.ts';
import { gradients } from '../ops/gradients.ts';
import { adamw } from '../optim/adamw.ts';
import { sgd } from '../optim/sgd.ts';
import { median } from '../quantile.ts';
import type { Dispatch } from '../tape/launch.ts';
import { type Choose, createTape, type Tape } from '../tape/tape.ts';
import { byteLength, elements, type Shape, type Tensor } from '../tape/tensor.ts';
import { recordLoss } from '../train/step.ts';
import { preset } from './cases/case.ts';

/** A whole training step on a tape, with inputs to run it on. */
export interface TrainingStep {
  readonly tape: Tape;
  readonly inputs: Readonly<Record<string, ArrayBufferView>>;
  /** Those that run. */
  readonly dispatches: readonly Dispatch[];
  readonly memory: StepMemory;
}

/** In bytes. */
export interface StepMemory {
  /** Temporaries after sharing, and as if each had a buffer of its own. */
  readonly planned: number;
  readonly unshared: number;
  /** Temporaries that the forward pass writes and the backward pass reads. */
  readonly kept: number;
  /** Parameters, gradients, optimizer state, inputs. */
  readonly lasting: number;
}

/**
 * The first stage's step of a method with its usual settings, on images of the given shape, under SGD with momentum or AdamW.
 * `candidates` are forced where they can run.
 */
export function createTrainingStep(
  target: Target,
  model: Model,
  method: Method,
  shape: Shape,
  candidates: Readonly<Record<string, string>> = {},
  optimizer: 'sgd' | 'adamw' = 'sgd',
): TrainingStep {
  const [batch = 1] = shape;
  const tape = createTape(target, { candidates });
  const loss = recordForward(tape, model, method, shape);
  const forward = tape.dispatches.length;
  // Runs that are timed differ in nothing: all take the same step.
  const { arena } = model.store;
  const update = optimizer === 'adamw' ? adamw(arena) : sgd(arena, { momentum: 0.9 });
  preset(tape, update.record(tape, gradients(tape, loss)).inputs(1e-3));
  return {
    tape,
    inputs: {
      // Noise, since drivers on processors are slow where values become too small to be normal.
      images: Float32Array.from({ length: elements(shape) }, (_, i) => Math.sin(i * 12.9898) * 1.5),
      labels: Int32Array.from({ length: batch }, (_, i) => i % 10),
      instances: Int32Array.from({ length: batch }, (_, i) => i),
      counter: new Uint32Array(2),
    },
    ...memoryOf(tape, forward),
  };
}

/** The same step without optimizer, under a choice of candidates: what is measured to tune it. */
export function recordForTuning(target: Target, model: Model, method: Method, shape: Shape, candidates: Choose): Tape {
  const tape = createTape(target, { candidates });
  gradients(tape, recordForward(tape, model, method, shape));
  return tape;
}

function recordForward(tape: Tape, model: Model, method: Method, shape: Shape): Tensor {
  const [batch = 1] = shape;
  // Of random numbers, where a method draws them.
  tape.input('counter', [2], 'u32');
  const config = { epochs: 1, lambda: 0.1, temperature: 0.3, variant: 'official', label_smoothing: 0 } as const;
  // All epochs belong to COIN's first stage, SupCon alone: its second one is SCL. Methods that may have a first stage have none.
  const { alpha = 1 } = method.defaults ?? {};
  const [stage] = method.stages({ ...config, alpha }, model);
  if (!stage) throw new Error(`${method.title} has no stage.`);
  return recordLoss(tape, model, stage, {
    images: tape.input('images', shape),
    labels: tape.input('labels', [batch], 'i32'),
    instances: tape.input('instances', [batch], 'i32'),
  });
}

function memoryOf(tape: Tape, forward: number): Pick<TrainingStep, 'dispatches' | 'memory'> {
  const { dispatches, sizes, unshared } = plan(tape.dispatches, [...tape.outputs.values()]);
  const isForward = new Set(tape.dispatches.slice(0, forward));
  const temporaries = new Set<Tensor>();
  const kept = new Set<Tensor>();
  for (const dispatch of dispatches) {
    if (isForward.has(dispatch)) for (const tensor of writtenBy(dispatch)) temporaries.add(tensor);
    else for (const tensor of Object.values(dispatch.bindings)) if (temporaries.has(tensor)) kept.add(tensor);
  }
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  return {
    dispatches,
    memory: {
      planned: sum(sizes),
      unshared,
      kept: sum([...kept].filter(({ storage }) => !storage).map(byteLength)),
      lasting: sum([...lastingChunks(dispatches)].map(({ bytes }) => bytes)),
    },
  };
}

/** Milliseconds of a step, and of the host's part in it. */
export interface StepTime {
  readonly step: number;
  /** In `program.run`: to write inputs, record and submit. */
  readonly host: number;
  /** In `program.run` without inputs. */
  readonly recording: number;
  /** Bytes of the inputs. */
  readonly written: number;
}

/** Runs a step once to warm up, then `runs` times with its inputs and as often without; returns medians. */
export async function timeSteps(
  device: Device,
  program: Program,
  inputs: Readonly<Record<string, ArrayBufferView>>,
  runs: number,
): Promise<StepTime> {
  const timed = async (given: Readonly<Record<string, ArrayBufferView>>) => {
    const start = performance.now();
    program.run(given);
    const submitted = performance.now();
    await device.idle();
    return { step: performance.now() - start, host: submitted - start };
  };
  await timed(inputs);
  const full = [];
  const bare = [];
  for (let run = 0; run < runs; run++) {
    full.push(await timed(inputs));
    bare.push(await timed({}));
  }
  return {
    step: median(full.map(({ step }) => step)),
    host: median(full.map(({ host }) => host)),
    recording: median(bare.map(({ host }) => host)),
    written: Object.values(inputs).reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}
