import { release } from '../../src/bench/memory.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile, type Program } from '../../src/gpu/program/program.ts';
import { batchNorm } from '../../src/ops/batch_norm.ts';
import { conv2d } from '../../src/ops/conv2d.ts';
import { crossEntropy } from '../../src/ops/cross_entropy.ts';
import { globalAvgPool2d } from '../../src/ops/global_avg_pool2d.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { linear } from '../../src/ops/linear.ts';
import { maxPool2d } from '../../src/ops/max_pool2d.ts';
import type { Update } from '../../src/optim/optimizer.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { createArena } from '../../src/tape/parameter.ts';
import { createTape, type Tape } from '../../src/tape/tape.ts';
import { type Tensor, variable } from '../../src/tape/tensor.ts';
import { BATCH_NORM, batchesOf, forward, type Network, type Ops, SGD, weightsOf } from './networks.ts';
import type { Training } from './peer.ts';

/** Steps between two readbacks of losses, as in the trainer. */
const READ_EVERY = 8;

/** The step as the trainer has it: one program of forward pass, backward pass and optimizer. */
export async function trainOurs(device: Device, network: Network): Promise<Training> {
  const { program, update, tape } = await compileStep(device, network);
  const batch = batchesOf(network);
  const losses: number[] = [];
  let step = 0;
  return {
    losses,
    async run(times) {
      const pending = [];
      for (let i = 0; i < times; i++) {
        pending.push(program.run({ ...batch(step++), ...update.inputs(SGD.lr) }, ['loss']));
        if (pending.length < READ_EVERY && i < times - 1) continue;
        for (const readback of pending.splice(0)) losses.push((await readback.read()).loss[0] as number);
      }
      await device.idle();
    },
    dispose() {
      program.destroy();
      release(device, [tape]);
    },
  };
}

/** Inputs `images`, `labels` and the optimizer's; output `loss`. */
export async function compileStep(
  device: Device,
  network: Network,
): Promise<{ program: Program; update: Update; tape: Tape }> {
  const arena = createArena();
  const weights = new Map<string, Tensor>();
  for (const { name, shape, data, trained } of weightsOf(network))
    weights.set(name, trained ? arena.add(name, shape, data) : variable(name, shape, 'f32', data));
  const tape = createTape(device.target);
  const images = tape.input('images', network.images);
  const labels = tape.input('labels', [network.images[0]], 'i32');
  const loss = crossEntropy(tape, forward(network.layers, images, opsOn(tape, weights)), labels);
  tape.output('loss', loss);
  const update = sgd(arena, { momentum: SGD.momentum }).record(tape, gradients(tape, loss));
  return { program: await compile(device, tape), update, tape };
}

function opsOn(tape: Tape, weights: ReadonlyMap<string, Tensor>): Ops<Tensor> {
  const weight = (name: string) => weights.get(name) as Tensor;
  return {
    conv: (x, layer, residual) =>
      tape.scope(layer.name, () => {
        const { name, kernel, stride, norm } = layer;
        const padding = (kernel - 1) / 2;
        const options = { stride: [stride, stride], padding: [padding, padding], relu: layer.relu && !norm } as const;
        const bias = norm ? undefined : weight(`${name}.bias`);
        const y = conv2d(tape, x, weight(`${name}.weight`), bias, options);
        if (!norm) return y;
        const state = {
          weight: weight(`${name}.scale`),
          bias: weight(`${name}.offset`),
          running_mean: weight(`${name}.running_mean`),
          running_var: weight(`${name}.running_var`),
        };
        return batchNorm(tape, y, state, {
          ...BATCH_NORM,
          training: true,
          relu: layer.relu,
          ...(residual && { residual }),
        });
      }),
    maxPool: (x) => maxPool2d(tape, x, { kernel: [2, 2] }),
    globalAvgPool: (x) => globalAvgPool2d(tape, x),
    linear: (x, { name }) => linear(tape, x, weight(`${name}.weight`), weight(`${name}.bias`)),
    again: (x) => x,
  };
}
