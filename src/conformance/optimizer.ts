import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { adamw } from '../optim/adamw.ts';
import { layerDecay } from '../optim/layer_decay.ts';
import { sgd } from '../optim/sgd.ts';
import { createArena } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import type { Case, Results } from './case.ts';

interface Attrs {
  readonly weight_decay?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly betas: [number, number];
  readonly eps?: number;
  readonly steps: number;
  /** Of all steps, or one for each. */
  readonly lr?: number;
  readonly learning_rates?: readonly number[];
  /** With layer decay: the parameters' names, the blocks and the factor. */
  readonly names?: readonly string[];
  readonly depth?: number;
  readonly layer_decay?: number;
}

/** Several steps of an optimizer on parameters `pI` with given gradients `stepS.gI`. */
export async function runOptimizer(device: Device, { op, inputs, attrs }: Case): Promise<Results> {
  const { weight_decay = 0, momentum = 0, nesterov, betas, eps = 1e-8, steps, ...rest } = attrs as unknown as Attrs;
  const { lr = 0, learning_rates, names, depth = 0, layer_decay = 1 } = rest;
  const arena = createArena();
  const parameters = Object.entries(inputs)
    .filter(([name]) => /^p\d+$/.test(name))
    .map(([name, { shape, data }], index) => arena.add(names?.[index] ?? name, shape, data as Float32Array));
  const groups = names && layerDecay({ depth, layer_decay, weight_decay });
  const optimizer =
    op === 'optim_sgd'
      ? sgd(arena, { momentum, nesterov: nesterov === true, weight_decay })
      : adamw(arena, { betas, eps, weight_decay, ...(groups && { groups }) });
  const tape = createTape(device.target);
  const update = optimizer.record(tape, new Set(parameters));
  const program = await compile(device, tape);
  for (let step = 0; step < steps; step++) {
    for (const [index, { gradient }] of parameters.entries()) {
      const given = inputs[`step${step}.g${index}`];
      if (!given) throw new Error(`the case has no gradient of p${index} for step ${step}`);
      device.write(gradient, given.data as Float32Array);
    }
    program.run(update.inputs(learning_rates?.[step] ?? lr));
  }
  const results: Record<string, ArrayLike<number>> = groups
    ? {
        'output.lr_scales': parameters.map((parameter) => groups(parameter).lr_scale as number),
        'output.weight_decays': parameters.map((parameter) => groups(parameter).weight_decay as number),
      }
    : {};
  for (const [index, parameter] of parameters.entries()) results[`output.p${index}`] = await device.read(parameter);
  return results;
}
