import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';

const test = suite('a vision transformer on the command line');

test(
  'it is trained on views of the size that is asked for, and scored from its checkpoint alone',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coin-'));
    try {
      const data = await writeCorners(join(folder, 'data'), 6);
      const out = join(folder, 'run');
      const model = ['--arch', 'vit_tiny_patch16', '--image-size', '16', '--drop-path', '0.2', '--cls-token'];
      const recipe = ['--method', 'ce-tuning', '--epochs', '1', '--batch', '6', '--accumulate', '1'];
      const trained = await coinHere('train', '--data', data, ...model, ...recipe, '--out', out, '--no-tuned');
      assert.is(trained.code, 0, trained.stderr);
      const weights = join(out, 'ce-tuning.safetensors');
      const scored = await coinHere('eval', '--data', data, '--weights', weights, '--no-tuned');
      assert.is(scored.code, 0, scored.stderr);
      const top1 = /top-1 +([\d.]+) %/;
      assert.is(top1.exec(scored.stdout)?.[1], Number(/CE-Tuning.*?([\d.]+)/.exec(trained.stdout)?.[1]).toFixed(2));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  { seconds: 120 },
);

test.run();
