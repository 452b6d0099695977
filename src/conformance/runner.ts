import type { Device } from '../gpu/device.ts';
import { augmentProcedures } from './augment.ts';
import type { Case, Results } from './case.ts';
import { runMae, runMaeMask, runSincos } from './mae.ts';
import { methodProcedures } from './methods.ts';
import { metricProcedures } from './metrics.ts';
import { runMocoLoss, runMocoMomentum } from './moco.ts';
import { runModel } from './model.ts';
import { type Check, check, checkVariant, type RunOptions, variantsOf } from './op_cases.ts';
import { conformanceOps } from './ops.ts';
import { runOptimizer } from './optimizer.ts';
import { runPositions } from './positions.ts';
import { runAccumulation, runSchedule, runStages, runSteps } from './schedules.ts';
import { runStateDict } from './state_dict.ts';
import { runTrajectory } from './trajectory.ts';

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
