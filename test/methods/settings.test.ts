import {
  bss,
  ceTuning,
  coin,
  coreTuning,
  delta,
  l2Sp,
  mAndM,
  noisyTune,
  rifle,
  scl,
  simclr,
} from '../../src/methods/index.ts';
import type { MethodConfig } from '../../src/methods/method.ts';
import { createModel } from '../../src/nn/model.ts';
import { createTape } from '../../src/tape/tape.ts';
import { variable } from '../../src/tape/tensor.ts';
import { recordLoss } from '../../src/train/step.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { config } from './config.ts';

const test = suite('settings of methods');

for (const [method, change] of [
  [ceTuning, {}],
  [scl, {}],
  [simclr, {}],
  [l2Sp, {}],
  [bss, {}],
  [coreTuning, {}],
  [delta, {}],
  [mAndM, { alpha: 0 }],
  [mAndM, { alpha: 0.5 }],
  [rifle, {}],
  [noisyTune, {}],
  [coin, {}],
  [coin, { alpha: 0 }],
  [coin, { alpha: 1 }],
] as const)
  test(`${method.title} with ${JSON.stringify(change)} names just the settings that its stages read`, async () => {
    const { target } = await testDevice();
    const settings = { ...config, ...change };
    const read = new Set<keyof MethodConfig>();
    const watched = new Proxy(settings, {
      get(values, name: keyof MethodConfig) {
        read.add(name);
        return values[name];
      },
    });
    const model = createModel({
      arch: 'resnet8',
      encoder: { width: 4, channels: 1 },
      projector: {},
      classes: 3,
      seed: 1,
    });
    for (const stage of method.stages(watched, model)) {
      if (stage.epochs[0] === stage.epochs[1]) continue;
      const tape = createTape(target);
      tape.input('counter', [2], 'u32');
      stage.rate?.('classifier.weight', { epoch: 0, lr: 0, peak: 0 });
      recordLoss(tape, model, stage, {
        images: variable('images', [4, 8, 8, 1]),
        labels: variable('labels', [4], 'i32'),
        instances: variable('instances', [4], 'i32'),
      });
    }
    assert.equal([...read].sort(), [...method.settings(settings)].sort());
  });

test.run();
