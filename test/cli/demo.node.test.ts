import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareMethods, DEMO } from '../../src/cli/demo.ts';
import { readWeights } from '../../src/cli/weights.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { loadDataset } from '../../src/data/load.node.ts';
import { createModel } from '../../src/nn/model.ts';
import { createEvaluator, evaluate } from '../../src/train/evaluate.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';
import { captured } from './in_process.ts';

const test = suite('demo');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

test('CE-Tuning, SCL and COIN start from the same encoder, and the results are of all three', async () => {
  const device = await testDevice();
  const splits = await loadDataset(await writeCorners(join(folder, 'data')));
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, seed: 9 });
  const start = join(folder, 'start.safetensors');
  const metadata = { arch: 'resnet8', width: '4', channels: '1' };
  await writeFile(start, writeSafetensors(await saveState(device, model.store.entries), metadata));
  const weights = await readWeights(start);
  let cleared = 0;
  const run = {
    path: folder,
    begin: async () => {
      cleared += 1;
    },
  };
  const { stdout } = await captured(() =>
    compareMethods(
      device,
      {
        ...DEMO,
        ...{ splits, weights, labels: 3, epochs: 2, alpha: 0.5, seed: 1, tuned: true, batch: 9, clip: 0.5 },
        ...{ saveEvery: '1min', keep: 1, leftover: 'step', select: 'last', heldOut: 0.1, request: testDevice },
      },
      run,
    ),
  );
  assert.is(cleared, 1);
  const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Record<string, unknown>[];
  assert.equal(
    results.map(({ method, alpha, epochs, seed }) => [method, alpha, epochs, seed]),
    [
      ['ce-tuning', 0, 2, 1],
      ['scl', 0, 2, 1],
      ['coin', 0.5, 2, 1],
    ],
  );
  assert.equal(
    results.map(({ settings }) => (settings as { max_norm?: number }).max_norm),
    [0.5, 0.5, 0.5],
  );
  for (const title of ['CE-Tuning', 'SCL', 'COIN']) assert.match(stdout, new RegExp(`^${title} +\\d`, 'm'));
  const files = await readdir(folder);
  const firstScores = await Promise.all(
    ['ce-tuning', 'scl', 'coin'].map(async (name) => {
      assert.ok(files.includes(`${name}.safetensors`), name);
      const log = (await readFile(join(folder, `${name}.jsonl`), 'utf8'))
        .split('\n')
        .map((line) => line && JSON.parse(line));
      return log.find(({ type }) => type === 'evaluation').s_dbw;
    }),
  );
  const images = createDataset(device.target, splits.test, createDataset(device.target, splits.train));
  const { scores } = await evaluate(await createEvaluator(device, model, images));
  assert.equal(firstScores, [scores.s_dbw, scores.s_dbw, scores.s_dbw]);
});

test.run();
