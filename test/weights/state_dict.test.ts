import type { Device } from '../../src/gpu/device.ts';
import { createModel } from '../../src/nn/model.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { loadState, saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('state dicts');

const make = (seed: number) => createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, seed });

const f32 = (shape: number[], value = 1): HostTensor => ({
  dtype: 'F32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

/** The state of another model, changed. */
async function changed(device: Device, change: (state: Map<string, HostTensor>) => void) {
  const state = new Map(await saveState(device, make(2).store.entries));
  change(state);
  return state;
}

const CONV = 'encoder.layer2.0.conv1.weight';

const refused: [name: string, change: (state: Map<string, HostTensor>) => void, message: RegExp][] = [
  [
    'a missing entry',
    (state) => state.delete(CONV),
    /^FILE does not fit the model; is it another architecture\? 49 tensors match, 1 missing \(encoder\.layer2\.0\.conv1\.weight\)\.$/,
  ],
  [
    'an entry of another shape',
    (state) => state.set(CONV, f32([8, 4, 1, 1])),
    /1 of another shape \(encoder\.layer2\.0\.conv1\.weight \[8, 4, 1, 1\] and not \[8, 4, 3, 3\]\)\.$/,
  ],
  [
    'the blocks of a deeper network',
    (state) => state.set('encoder.layer2.1.conv1.weight', f32([8])).set('encoder.layer2.2.conv1.weight', f32([8])),
    /50 tensors match, 2 unexpected \(such as encoder\.layer2\.1\.conv1\.weight\)\.$/,
  ],
];

for (const [name, change, message] of refused)
  test(`${name} is refused before anything is written, and allowed in part where that is asked for`, async () => {
    const device = await testDevice();
    const { store } = make(1);
    const first = await saveState(device, store.entries);
    const state = await changed(device, change);
    assert.match(await refusal(loadState(device, store.entries, state, 'FILE')), message);
    assert.equal(await saveState(device, store.entries), first);
    const report = await loadState(device, store.entries, state, 'FILE', { partial: true });
    const loaded = await saveState(device, store.entries);
    for (const matched of report.matched) assert.equal(loaded.get(matched), state.get(matched));
    for (const kept of [...report.missing, ...report.misshapen]) assert.equal(loaded.get(kept), first.get(kept));
    assert.is(report.matched.length + report.missing.length + report.misshapen.length, store.entries.length);
  });

test('heads, queues, optimizers and counters beside an encoder are left alone', async () => {
  const device = await testDevice();
  const { store } = make(1);
  const beside = [
    ...['encoder.fc.weight', 'fc.bias', 'head.weight', 'classifier.weight', 'projector.0.weight', 'queue', 'queue_ptr'],
    ...['module.encoder_k.conv1.weight', 'module.queue', 'momentum_backbone.bn1.bias', 'decoder_pred.weight'],
    ...['optimizer.step', 'encoder.bn1.num_batches_tracked'],
  ];
  const state = await changed(device, (tensors) => {
    for (const name of beside) tensors.set(name, f32([1]));
  });
  assert.equal((await loadState(device, store.entries, state, 'FILE')).unexpected.sort(), beside.sort());
});

for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
  test(`a tensor that holds ${value} is refused by its name, before anything is written`, async () => {
    const device = await testDevice();
    const { store } = make(1);
    const first = await saveState(device, store.entries);
    const state = await changed(device, (tensors) => {
      const tensor = f32([8, 4, 3, 3]);
      tensor.data[287] = value;
      tensors.set(CONV, tensor);
    });
    assert.match(
      await refusal(loadState(device, store.entries, state, 'FILE')),
      new RegExp(`^FILE: encoder\\.layer2\\.0\\.conv1\\.weight holds ${value};`),
    );
    assert.equal(await saveState(device, store.entries), first);
  });

test('a file of nothing that the model has is refused with the names of both', async () => {
  const device = await testDevice();
  const state = new Map([['blocks.0.weight', f32([1])]]);
  for (const partial of [false, true])
    assert.match(
      await refusal(loadState(device, make(1).store.entries, state, 'FILE', { partial })),
      /^FILE holds none of the model's tensors: the model has encoder\.conv1\.weight, \.\.\., the file blocks\.0\.weight, \.\.\.\.$/,
    );
});

test.run();
