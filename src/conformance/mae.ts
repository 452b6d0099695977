import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { type MaskedAutoencoderOptions, maskedAutoencoder } from '../nn/mae.ts';
import { sincosPositions } from '../nn/positions.ts';
import { createStore } from '../nn/store.ts';
import { gradients } from '../ops/gradients.ts';
import { randomMasking } from '../ops/mae.ts';
import { createTape } from '../tape/tape.ts';
import { toEngineLayout } from '../weights/layout.ts';
import { loadState } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';
import { formulaState } from './formula_state.ts';
import { gradientsOf } from './model.ts';

/** Which tokens a noise keeps: orders and a mask. */
export async function runMaeMask(device: Device, { inputs, attrs }: Case): Promise<Results> {
  const { noise } = inputs;
  if (!noise) throw new Error('the case needs input.noise');
  const tape = createTape(device.target);
  const masking = randomMasking(tape, tape.input('noise', noise.shape), { mask_ratio: attrs.mask_ratio as number });
  const { order, rank, mask, kept } = masking;
  for (const [name, tensor] of Object.entries({ order, rank, mask })) tape.output(name, tensor);
  const program = await compile(device, tape);
  const read = await program.run({ noise: noise.data as Float32Array }, ['order', 'rank', 'mask']).read();
  const tokens = noise.shape[1] as number;
  return {
    'output.ids_shuffle': read.order,
    'output.ids_restore': read.rank,
    'output.ids_keep': read.order.filter((_, i) => i % tokens < kept),
    'output.mask': read.mask,
  };
}

/** Fixed position embeddings. */
export async function runSincos(_device: Device, { attrs }: Case): Promise<Results> {
  const { dim, grid, class_token } = attrs as { dim: number; grid: [number, number]; class_token: boolean };
  return { 'output.pos_embed': sincosPositions(dim, grid, { extra: Number(class_token) }) };
}

/** A whole masked autoencoder: its loss, what it makes on the way, and the gradients of all parameters. */
export async function runMae(device: Device, { inputs, attrs, outputs }: Case): Promise<Results> {
  const { x, noise } = inputs;
  if (!x || !noise) throw new Error('the case needs input.x and input.noise');
  const store = createStore(0);
  const network = maskedAutoencoder(store, attrs as unknown as MaskedAutoencoderOptions);
  // Position embeddings are fixed, and no weights.
  const weights = store.entries.filter(({ tensor }) => 'gradient' in tensor);
  await loadState(device, weights, formulaState(weights, attrs.formula_salt as number), 'formula weights');
  const image = toEngineLayout('activation', x.data as Float32Array<ArrayBuffer>, x.shape);
  const tape = createTape(device.target);
  const made = network(tape, tape.input('x', image.shape), tape.input('noise', noise.shape));
  gradients(tape, made.loss);
  for (const [name, tensor] of Object.entries(made)) tape.output(name, tensor);
  const given = { x: image.data, noise: noise.data as Float32Array };
  const program = await compile(device, tape);
  const read = await program.run(given, ['loss', 'latent', 'pred', 'mask']).read();
  const [, tokens = 0, columns = 0] = made.pred.shape;
  return {
    'output.loss': read.loss,
    'output.latent': read.latent,
    // What comes of the class token is no prediction.
    'output.pred': read.pred.filter((_, i) => i % (tokens * columns) >= columns),
    'output.mask': read.mask,
    ...(await gradientsOf(device, store, { attrs, outputs })),
  };
}
