import { batchSizes } from '../data/sampler.ts';
import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { coin } from '../methods/coin.ts';
import { accumulator } from '../optim/accumulate.ts';
import { createSchedule, rateEpoch, type ScheduleOptions, takesStep } from '../optim/schedule.ts';
import { type SgdOptions, sgd } from '../optim/sgd.ts';
import { createArena } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import type { Case, Results } from './case.ts';

type Procedure = (golden: Case) => Results;

/** The epochs of COIN's first stage for pairs of a share α and a number of epochs N. */
export const runStages: Procedure = ({ attrs }) => {
  // Only where the stages lie is asked for.
  const settings = { lambda: 0.1, temperature: 0.3, variant: 'official', label_smoothing: 0 } as const;
  const boundary = ([alpha, epochs]: readonly [number, number]) =>
    coin.stages({ ...settings, alpha, epochs }, {} as never)[0]?.epochs[1] as number;
  return { 'output.stage1_epochs': (attrs.pairs as [number, number][]).map(boundary) };
};

interface ScheduleAttrs extends ScheduleOptions {
  readonly lr: number;
  readonly epochs: number;
  readonly min_lr?: number;
  /** The rate changes with each step where it is there, else once an epoch. */
  readonly steps_per_epoch?: number;
  readonly micro_batches?: number;
  readonly accumulate?: number;
}

/** The learning rate of every epoch, or of every optimizer step. */
export const runSchedule: Procedure = ({ op, attrs }) => {
  const {
    lr,
    epochs,
    min_lr,
    steps_per_epoch,
    micro_batches,
    accumulate = 1,
    ...own
  } = attrs as unknown as ScheduleAttrs;
  const microBatches = micro_batches ?? steps_per_epoch;
  const options: ScheduleOptions = {
    ...own,
    ...(min_lr !== undefined && { floor: min_lr }),
    shape: op === 'schedule_warmup_cosine' ? 'warmup_cosine' : 'cosine',
    changes: microBatches === undefined ? 'epoch' : 'step',
  };
  const rate = createSchedule(lr, epochs, options);
  const places = Array.from({ length: epochs }, (_, epoch) =>
    Array.from({ length: microBatches ?? 1 }, (_, index) => ({ epoch, index })).filter(
      ({ index }) => index % accumulate === 0,
    ),
  ).flat();
  const rates = places.map((place) =>
    rate(rateEpoch(place, { microBatches: 1, ...(microBatches && { microBatches }), accumulate, ...options })),
  );
  return { 'output.learning_rates': rates };
};

/** How epochs are cut into micro-batches, and after which of them the optimizer steps. */
export const runSteps: Procedure = ({ attrs }) => {
  const { samples, batch_size, accumulate, epochs, drop_last, rule } = attrs as unknown as {
    readonly [name in 'samples' | 'batch_size' | 'accumulate' | 'epochs']: number;
  } & { readonly drop_last: boolean; readonly rule: string };
  const sizes = batchSizes(samples, batch_size, { drop_last });
  const steps = Array.from({ length: epochs * sizes.length }, (_, step) => step).filter((step) =>
    takesStep(step % sizes.length, sizes.length, accumulate, leftoverOf(rule)),
  );
  return {
    'output.step_after': steps,
    'output.micro_batches': [sizes.length],
    'output.last_size': sizes.slice(-1),
    'output.steps_per_epoch': [steps.filter((step) => step < sizes.length).length],
  };
};

const leftoverOf = (rule: string) => {
  if (rule === 'step at the end') return 'step';
  if (rule === 'carry over') return 'carry';
  throw new Error(`the rule ${rule} is unknown`);
};

/** SGD over epochs of micro-batches with given gradients, whose rate changes once an epoch. */
export async function runAccumulation(device: Device, { inputs, attrs }: Case): Promise<Results> {
  const { epochs, micro_batches, accumulate, lr, ...options } = attrs as unknown as {
    readonly [name in 'epochs' | 'micro_batches' | 'accumulate' | 'lr']: number;
  } & SgdOptions;
  const arena = createArena();
  const parameters = Object.entries(inputs)
    .filter(([name]) => /^p\d+$/.test(name))
    .map(([name, { shape, data }]) => arena.add(name, shape, data as Float32Array));
  const trained = new Set(parameters);
  const sums = accumulator(arena);
  const adding = createTape(device.target);
  sums.record(adding, trained, 1 / accumulate);
  const applying = createTape(device.target);
  const update = sgd(arena, options).record(applying, trained, { from: sums });
  const [add, apply] = [await compile(device, adding), await compile(device, applying)];
  const rate = createSchedule(lr, epochs);
  for (let micro = 0; micro < epochs * micro_batches; micro++) {
    for (const { label, gradient } of parameters) {
      const given = inputs[`micro${micro}.${label.replace('p', 'g')}`];
      if (!given) throw new Error(`the case has no gradient of ${label} for micro-batch ${micro}`);
      device.write(gradient, given.data as Float32Array);
    }
    add.run();
    const place = { epoch: Math.floor(micro / micro_batches), index: micro % micro_batches };
    if (takesStep(place.index, micro_batches, accumulate))
      apply.run(update.inputs(rate(rateEpoch(place, { microBatches: micro_batches, accumulate }))));
  }
  const results: Record<string, ArrayLike<number>> = {};
  for (const parameter of parameters) results[`output.${parameter.label}`] = await device.read(parameter);
  return results;
}
