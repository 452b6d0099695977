import { createModel } from '../../src/nn/model.ts';
import { createEvaluator } from '../../src/train/evaluate.ts';
import { saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { corners } from './corners.ts';

const test = suite('evaluation');

test('features of an image do not depend on the others of its batch, and the model stays as it is', async () => {
  const device = await testDevice();
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 1 });
  const data = corners(device);
  const before = await saveState(device, model.store.entries);
  const [one, many] = [
    await (await createEvaluator(device, model, data, { batch: 4 }))(),
    await (await createEvaluator(device, model, data, { batch: 20 }))(),
  ];
  const largest = Math.max(...many.features.map(Math.abs));
  for (const [i, value] of many.features.entries())
    assert.ok(Math.abs(one.features[i]! - value) < 1e-5 * largest, `feature ${i} is ${one.features[i]} and ${value}`);
  assert.is(one.scores.top1, many.scores.top1);
  const after = await saveState(device, model.store.entries);
  for (const [name, { data: values }] of before) assert.equal(after.get(name)!.data, values, name);
});

test.run();
