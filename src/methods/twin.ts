import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { createModel, type Model } from '../nn/model.ts';
import { recordEma } from '../optim/ema.ts';
import { createTape, type Tape } from '../tape/tape.ts';
import type { Chunk, Tensor } from '../tape/tensor.ts';
import { copyBuffers } from '../weights/state_dict.ts';
import type { MethodModel } from './method.ts';

/** A second model of the same make as the one that is trained, without gradients. */
export interface Twin {
  readonly model: Model;
  /** Its parameters, laid out like those of the model that is trained. */
  readonly chunks: readonly Chunk[];
  /** All its tensors, for a stage's `state`, behind `NAME.`. */
  state(name: string): [name: string, tensor: Tensor][];
  /** Makes it equal to the model that is trained, running statistics included. */
  follow(device: Device): Promise<void>;
}

/** Throws, in the name of the method that wants it, where it is not known what the model was made of. */
export function createTwin({ options, store }: MethodModel, method: string): Twin {
  if (!options) throw new Error(`${method} makes a second encoder: it needs a model of createModel.`);
  const model = createModel(options);
  for (const { parameters } of model.store.arena.chunks)
    for (const parameter of parameters) parameter.requiresGrad = false;
  const chunks = model.store.arena.chunks.map(({ values }) => values);
  return {
    model,
    chunks,
    state: (name) => model.store.entries.map((entry) => [`${name}.${entry.name}`, entry.tensor]),
    async follow(device) {
      await runOnce(device, (tape) => recordEma(tape, store.arena, chunks, 0));
      await copyBuffers(device, store.entries, model.store.entries);
    },
  };
}

/** Runs what is recorded, once. */
export async function runOnce(device: Device, record: (tape: Tape) => void): Promise<void> {
  const tape = createTape(device.target, { grad: false });
  record(tape);
  const program = await compile(device, tape);
  program.run();
  program.destroy();
}
