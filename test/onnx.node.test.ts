// Models that `coin export` writes, run by onnxruntime: the same logits and features as on the device.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formulaState } from '../src/conformance/formula_state.ts';
import { randomUniform } from '../src/data/random.ts';
import { compile } from '../src/gpu/program/program.ts';
import { createModel, type ModelOptions } from '../src/nn/model.ts';
import { createTape } from '../src/tape/tape.ts';
import { toTorchLayout } from '../src/weights/layout.ts';
import { writeSafetensors } from '../src/weights/safetensors.ts';
import { loadState } from '../src/weights/state_dict.ts';
import { coinHere } from './cli/in_process.ts';
import { testDevice } from './device.ts';
import { assert, suite } from './harness.ts';

const test = suite('ONNX');

// The name is in a variable so that it is not bundled: it looks for its WebAssembly beside itself.
const RUNTIME = 'onnxruntime-web';
const ort = (await import(RUNTIME)) as typeof import('onnxruntime-web');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

const MEAN = 0.4;
const STD = 0.25;

/** Values in 0 to 1, and what the device makes of them; the checkpoint is written beside. */
async function onDevice(options: Omit<ModelOptions, 'seed'>, size: number, path: string) {
  const device = await testDevice();
  const model = createModel({ ...options, classes: 5, seed: 3 });
  const { channels } = model.encoder;
  const state = formulaState(model.store.entries, 11);
  await loadState(device, model.store.entries, state, 'formula weights');
  const { width, stem, global_pool } = options.encoder ?? {};
  const list = (value: number) => JSON.stringify(new Array(channels).fill(value));
  const metadata = {
    ...{
      arch: options.arch,
      channels: `${channels}`,
      mean: list(MEAN),
      std: list(STD),
      image_size: `[${size},${size}]`,
    },
    ...(width && { width: `${width}` }),
    ...(stem && { stem }),
    ...(global_pool !== undefined && { global_pool: `${global_pool}` }),
    classes: JSON.stringify(['a', 'b', 'c', 'd', 'e']),
  };
  await writeFile(path, writeSafetensors(state, metadata));
  const shape = [2, size, size, channels];
  const images = randomUniform(2 * size * size * channels, 0, 1, 5, 5) as Float32Array<ArrayBuffer>;
  const tape = createTape(device.target, { grad: false });
  const features = model.encoder.forward(tape, tape.input('x', shape), false);
  tape.output('features', features);
  tape.output('logits', model.classifier!(tape, features, false));
  const x = images.map((value) => (value - MEAN) / STD);
  const wanted = await (await compile(device, tape)).run({ x }, ['features', 'logits']).read();
  return { images: toTorchLayout('activation', images, shape), wanted };
}

const models: [Omit<ModelOptions, 'seed'>, size: number][] = [
  [{ arch: 'resnet8', encoder: { width: 4, channels: 1 } }, 28],
  [{ arch: 'resnet18', encoder: { width: 8 } }, 45],
  [{ arch: 'resnet50', encoder: { width: 4, stem: 'small' } }, 16],
  [{ arch: 'resnet56', encoder: { width: 4 } }, 9],
  [{ arch: 'vit_small_patch16', encoder: { image_size: [32, 32], global_pool: true } }, 32],
  [{ arch: 'vit_small_patch16', encoder: { image_size: [16, 16], global_pool: false } }, 16],
];

for (const [options, size] of models) {
  const name = `${options.arch} ${JSON.stringify(options.encoder)}`;
  test(`${name} gives the same logits in onnxruntime`, async () => {
    const weights = join(folder, 'model.safetensors');
    const { images, wanted } = await onDevice(options, size, weights);
    const out = join(folder, 'model.onnx');
    const { code, stderr } = await coinHere('export', '--weights', weights, '--out', out, '--overwrite');
    assert.is(code, 0, stderr);
    const session = await ort.InferenceSession.create(new Uint8Array(await readFile(out)));
    const results = await session.run({ images: new ort.Tensor('float32', images.data, images.shape) });
    for (const output of ['features', 'logits'] as const) {
      const got = results[output]!.data as Float32Array;
      const want = wanted[output] as Float32Array;
      assert.is(got.length, want.length);
      const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest > 1e-3);
      for (const [i, value] of got.entries())
        assert.ok(Math.abs(value - want[i]!) < 2e-4 * largest, `${output}[${i}] is ${value} and not ${want[i]}`);
    }
    await session.release();
  });
}

test('a file that is there is left alone', async () => {
  const { code, stderr } = await coinHere(
    'export',
    '--weights',
    'data/simclr.safetensors',
    '--out',
    join(folder, 'model.onnx'),
  );
  assert.is(code, 1);
  assert.match(stderr, /^error: .*model\.onnx is there already; take another --out, or --overwrite\.$/m);
});

test.run();
