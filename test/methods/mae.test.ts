import { compile } from '../../src/gpu/program/program.ts';
import { mae } from '../../src/methods/mae.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('MAE');

const BATCH = 4;
const config = { ...mae.recipe(16).config, epochs: 1, alpha: 0, lambda: 0, temperature: 1, label_smoothing: 0 };

test('it hides other patches of each image in each step, three quarters of them', async () => {
  const device = await testDevice();
  const options = { ...config, variant: 'paper', decoder_depth: 1 } as const;
  const encoder = { channels: 1, image_size: [16, 16] } as const;
  const model = mae.create!({ arch: 'vit_mini_patch4', encoder, seed: 1 }, options);
  const tape = createTape(device.target);
  // All but the mask is dead then, and neither compiled nor run.
  const reconstruct: typeof model.reconstruct = (...given) => {
    const made = model.reconstruct!(...given);
    tape.output('mask', made.mask);
    return made;
  };
  const [stage] = mae.stages(options, { ...model, reconstruct });
  const unused = () => {
    throw new Error('MAE has no heads and no labels.');
  };
  stage!.loss({
    ...{
      tape,
      features: unused,
      projected: unused,
      encode: unused,
      logits: unused,
      watch: unused,
      afterBackward: unused,
    },
    images: tape.input('images', [BATCH, 16, 16, 1]),
    labels: tape.input('labels', [BATCH], 'i32'),
    instances: tape.input('instances', [BATCH], 'i32'),
    counter: () => tape.inputs.get('counter') ?? tape.input('counter', [2], 'u32'),
  });
  const program = await compile(device, tape);
  const maskOf = async (seed: number, step: number) =>
    (await program.run({ counter: new Uint32Array([seed, step]) }, ['mask']).read()).mask;
  const first = await maskOf(5, 0);
  const rows = Array.from({ length: BATCH }, (_, i) => Array.from(first).slice(16 * i, 16 * (i + 1)));
  for (const row of rows)
    assert.is(
      row.reduce((sum, hidden) => sum + hidden, 0),
      12,
    );
  assert.is(new Set(rows.map(String)).size, BATCH);
  assert.equal(await maskOf(5, 0), first);
  assert.not.equal(await maskOf(5, 1), first);
  assert.not.equal(await maskOf(6, 0), first);
});

test('its recipe is that of the paper for photographs, and a small one below', () => {
  const { arch, batch, accumulate, lr, betas, config: own } = mae.recipe(224);
  assert.equal(
    [arch, batch * (accumulate ?? 1), lr, betas, own.decoder_dim, own.decoder_depth, own.decoder_heads],
    ['vit_base_patch16', 4096, 1.5e-4, [0.9, 0.95], 512, 8, 16],
  );
  assert.is(mae.recipe(224).schedule?.({ lr, batch, epochs: 800 }).warmup_epochs, 40);
  assert.is(mae.recipe(28).arch, 'vit_mini_patch4');
});

test.run();
