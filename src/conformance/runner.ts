import type { Device, TypedArray } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { type Layout, toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import { augmentProcedures } from './augment.ts';
import { type Case, compare, type Results, toleranceOf } from './case.ts';
import { type Evaluation, type HostValue, run, type Tilings, type Variant, variants } from './evaluate.ts';
import { runMae, runMaeMask, runSincos } from './mae.ts';
import { methodProcedures } from './methods.ts';
import { metricProcedures } from './metrics.ts';
import { runMocoLoss, runMocoMomentum } from './moco.ts';
import { runModel } from './model.ts';
import { conformanceOps } from './ops.ts';
import { runOptimizer } from './optimizer.ts';
import { runPositions } from './positions.ts';
import { runAccumulation, runSchedule, runStages, runSteps } from './schedules.ts';
import { runStateDict } from './state_dict.ts';
import { runTrajectory } from './trajectory.ts';

/** One run of a case: with which candidate, and a line for each tensor that is wrong. */
export interface Check {
  readonly variant: string;
  readonly failures: readonly string[];
}

/** Cases that are more than one op. */
const procedures: Readonly<Record<string, (device: Device, golden: Case) => Promise<Results>>> = {
  ...augmentProcedures,
  ...methodProcedures,
  ...metricProcedures,
  optim_sgd_accumulate: runAccumulation,
  schedule_stages: async (_, golden) => runStages(golden),
  schedule_cosine: async (_, golden) => runSchedule(golden),
  schedule_warmup_cosine: async (_, golden) => runSchedule(golden),
  schedule_steps: async (_, golden) => runSteps(golden),
  optim_sgd: runOptimizer,
  optim_adamw: runOptimizer,
  optim_adamw_layer_decay: runOptimizer,
  pos_embed_interpolate: (_device, golden) => runPositions(golden),
  moco_loss: runMocoLoss,
  moco_momentum: runMocoMomentum,
  mae_mask: runMaeMask,
  sincos_pos_embed: runSincos,
  model: (device, golden) => (golden.attrs.arch === 'mae' ? runMae : runModel)(device, golden),
  state_dict: (_device, golden) => runStateDict(golden),
  trajectory_coin: runTrajectory,
};

/** Which tilings of each candidate are run; by turns unless given. */
export interface RunOptions {
  readonly tilings?: Tilings;
}

/** Runs a golden case with every candidate of its op. Yields one failed check where the op is unknown or breaks. */
export async function* runCase(device: Device, golden: Case, options: RunOptions = {}): AsyncGenerator<Check> {
  const procedure = procedures[golden.op];
  if (procedure) {
    yield await check('default', golden, () => procedure(device, golden));
  } else if (conformanceOps[golden.op]) {
    yield* runOp(device, golden, options);
  } else {
    const known = [...Object.keys(conformanceOps), ...Object.keys(procedures)].sort().join(', ');
    yield { variant: 'default', failures: [`the op ${golden.op} is unknown; known are ${known}`] };
  }
}

async function* runOp(device: Device, golden: Case, options: RunOptions): AsyncGenerator<Check> {
  let list: ReturnType<typeof variantsOf>;
  try {
    list = variantsOf(device.target, golden, options);
  } catch (error) {
    yield { variant: 'default', failures: [(error as Error).message] };
    return;
  }
  for (const variant of list) yield await checkVariant(device, golden, variant);
}

/**
 * The distinct ways to run a case of one op: the engine's own choice, and every candidate. None for a case that is more than
 * one op. Throws where the op refuses what the case gives it.
 */
export function variantsOf(target: Target, golden: Case, { tilings = 'turns' }: RunOptions = {}): Variant[] {
  const op = conformanceOps[golden.op];
  if (!op) return [];
  const layouts = op.layouts ?? {};
  const differentiate = Object.keys(golden.grads).length > 0;
  const [upstream] = Object.entries(golden.upstreams);
  const inputs = Object.fromEntries(
    Object.entries(golden.inputs).map(([name, tensor]) => [name, toEngine(tensor, layouts[name])]),
  );
  const all = { ...inputs, ...op.derive?.(inputs, golden.attrs) };
  return variants(target, (tape, tensors) => op.build(tape, tensors, golden.attrs), all, {
    tilings,
    wrt: Object.keys(golden.inputs).filter((name) => !op.constant?.includes(name)),
    ...(differentiate && upstream && { upstream: toEngine(upstream[1], layouts[upstream[0]]) }),
  });
}

/** Runs one of a case's variants and compares. */
export const checkVariant = (device: Device, golden: Case, variant: Variant): Promise<Check> =>
  check(variant.name, golden, () => resultsOf(device, golden, variant));

/** What one of a case's variants gives, in PyTorch's layouts. */
export const resultsOf = async (device: Device, { op }: Case, { recorded }: Variant): Promise<Results> =>
  toResults(await run(device, recorded), conformanceOps[op]?.layouts ?? {});

async function check(variant: string, golden: Case, produce: () => Promise<Results>): Promise<Check> {
  try {
    return { variant, failures: differences(golden, await produce()) };
  } catch (error) {
    return { variant, failures: [(error as Error).message] };
  }
}

/** A line for each wanted tensor that is missing or too far off. */
function differences(golden: Case, results: Results): string[] {
  const wanted = [
    ...Object.entries(golden.outputs).map(([name, tensor]) => [`output.${name}`, tensor] as const),
    ...Object.entries(golden.grads).map(([name, tensor]) => [`grad.${name}`, tensor] as const),
  ];
  return wanted.flatMap(([name, { data }]) => {
    const whole = results[name];
    if (!whole) return [`${name} was not computed`];
    const got = golden.places?.[name]?.map((place) => whole[place] as number) ?? whole;
    if (got.length !== data.length) return [`${name} has ${got.length} elements instead of ${data.length}`];
    if (isUndefined(data)) return isUndefined(got) ? [] : [`${name} came out, but it is undefined here`];
    const { ok, error, limit } = compare(got, data as ArrayLike<number> as Float32Array, toleranceOf(golden, name));
    return ok ? [] : [`${name} is off by ${error.toExponential(2)}, the limit is ${limit.toExponential(2)}`];
  });
}

const isUndefined = (values: ArrayLike<number | bigint>) => Array.from(values).every(Number.isNaN);

function toEngine({ shape, data }: HostTensor, layout: Layout | undefined): HostValue {
  if (layout && shape.length === (layout === 'linear_weight' ? 2 : 4))
    return toEngineLayout(layout, data as Float32Array<ArrayBuffer>, shape);
  return { shape, data: data as TypedArray };
}

function toResults({ outputs, gradients }: Evaluation, layouts: Readonly<Record<string, Layout>>): Results {
  const named = (prefix: string, values: Record<string, HostValue>) =>
    Object.entries(values).map(([name, { shape, data }]) => {
      const layout = layouts[name];
      const permute = layout && shape.length === (layout === 'linear_weight' ? 2 : 4);
      return [`${prefix}.${name}`, permute ? toTorchLayout(layout, data, shape).data : data];
    });
  return Object.fromEntries([...named('output', outputs), ...named('grad', gradients)]);
}
