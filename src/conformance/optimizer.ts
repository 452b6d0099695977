import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { adamw } from '../optim/adamw.ts';
import { sgd } from '../optim/sgd.ts';
import { createArena } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import type { Case, Results } from './case.ts';

/** Several steps of an optimizer on parameters `pI` with given gradients `stepS.gI`. */
export async function runOptimizer(device: Device, { op, inputs, attrs }: Case): Promise<Results> {
  const arena = createArena();
  const parameters = Object.entries(inputs)
    .filter(([name]) => /^p\d+$/.test(name))
    .map(([name, { shape, data }]) => arena.add(name, shape, data as Float32Array));
  const { weight_decay, momentum, nesterov, betas, eps, lr, steps } = attrs as Record<string, number> & {
    nesterov?: boolean;
    betas: [number, number];
  };
  const optimizer =
    op === 'optim_sgd'
      ? sgd(arena, { momentum: momentum ?? 0, nesterov: nesterov === true, weight_decay: weight_decay ?? 0 })
      : adamw(arena, { betas, eps: eps ?? 1e-8, weight_decay: weight_decay ?? 0 });
  const tape = createTape(device.target);
  const update = optimizer.record(tape, new Set(parameters));
  const program = await compile(device, tape);
  for (let step = 0; step < (steps as number); step++) {
    for (const { label, gradient } of parameters) {
      const given = inputs[`step${step}.${label.replace('p', 'g')}`];
      if (!given) throw new Error(`the case has no gradient of ${label} for step ${step}`);
      device.write(gradient, given.data as Float32Array);
    }
    program.run(update.inputs(lr as number));
  }
  const results: Record<string, ArrayLike<number>> = {};
  for (const parameter of parameters) results[`output.${parameter.label}`] = await device.read(parameter);
  return results;
}
