import { allIndices } from '../../src/data/sampler.ts';
import type { Device } from '../../src/gpu/device.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { coin } from '../../src/methods/coin.ts';
import type { Method } from '../../src/methods/method.ts';
import { createModel } from '../../src/nn/model.ts';
import { freeze } from '../../src/nn/store.ts';
import { weightedSum } from '../../src/ops/reduce.ts';
import { adamw } from '../../src/optim/adamw.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { variable } from '../../src/tape/tensor.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { BEGINNING, type RunState, stateFile, stateOf } from '../../src/train/run_state.ts';
import { survive } from '../../src/train/survive.ts';
import { train } from '../../src/train/trainer.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { newDevice, testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { config } from '../methods/config.ts';
import { refusal } from '../refusal.ts';
import { corners } from './corners.ts';

const test = suite('resuming');

/** What a run of two epochs, five micro-batches each, is made of: all anew, as in another program. */
function setUp(device: Device, more: Partial<TrainConfig> = {}): TrainConfig {
  const model = createModel({
    ...{ arch: 'resnet8', encoder: { width: 4, channels: 1 }, projector: { out: 8 }, classes: 3, seed: 1 },
  });
  return {
    ...{ method: coin, options: { ...config, epochs: 2, alpha: 0.5 }, model },
    optimizer: sgd(model.store.arena, { momentum: 0.9, nesterov: true, weight_decay: 1e-4 }),
    ...{ data: corners(device), indices: allIndices(27), batch: 6, lr: 0.1, seed: 3, readEvery: 1 },
    augmentation: { brightness: 0.1, flip: 0.5 },
    ...more,
  };
}

const throughFile = (state: RunState): RunState => {
  const { tensors, metadata } = stateFile(state);
  return stateOf(readSafetensors(writeSafetensors(tensors, metadata), 'state'), 'state');
};

/** The states at each checkpoint of a run, by micro-batches done, and what it told. */
async function statesOf(device: Device, settings: TrainConfig) {
  const states = new Map<number, RunState>();
  const events: TrainEvent[] = [];
  for await (const event of train(device, settings)) {
    events.push(event);
    if (event.type === 'checkpoint') states.set(event.step, await event.capture());
  }
  return { states, events };
}

const bitsOf = ({ tensors, steps, place: { seconds: _, ...place } }: RunState) => ({ tensors, steps, place });

const epochsOf = (events: TrainEvent[]) =>
  events.flatMap((event) => (event.type === 'epoch' ? [{ epoch: event.epoch, losses: event.losses }] : []));

for (const [name, more] of [
  ['SGD, each step its own', () => ({})],
  ['three micro-batches a step', () => ({ accumulate: 3 })],
  ['leftovers that carry over', () => ({ accumulate: 3, leftover: 'carry' })],
  ['AdamW with a rate a step', (device: Device) => adamwOf(device)],
  ['averaged weights, clipped gradients, balanced classes', (device: Device) => averaging(device)],
] as const)
  test(`a run goes on from each of its micro-batches to the same bits: ${name}`, async () => {
    const device = await testDevice();
    const unbroken = await statesOf(device, setUp(device, more(device) as Partial<TrainConfig>));
    const end = Math.max(...unbroken.states.keys());
    assert.is(end, 10);
    for (const [step, state] of unbroken.states) {
      if (![1, 4, 5, 8].includes(step)) continue;
      const resumed = await statesOf(device, {
        ...setUp(device, more(device) as Partial<TrainConfig>),
        resume: throughFile(state),
      });
      assert.equal(bitsOf(resumed.states.get(end)!), bitsOf(unbroken.states.get(end)!), `from step ${step}`);
      assert.equal(epochsOf(resumed.events), epochsOf(unbroken.events).slice(Math.floor(step / 5)));
    }
  });

function adamwOf(device: Device): Partial<TrainConfig> {
  const { model } = setUp(device);
  return { model, optimizer: adamw(model.store.arena), lr: 0.01, schedule: { changes: 'step', warmup_epochs: 1 } };
}

const averaging = (device: Device): Partial<TrainConfig> => ({
  average: { model: setUp(device).model, decay: 0.75 },
  max_norm: 0.5,
  balanced: true,
});

/** A method that keeps a number of its own, which its loss depends on and each step changes on the host. */
function counting(device: () => Device): Method {
  return {
    name: 'counting',
    title: 'Counting',
    projector: true,
    settings: () => [],
    stages(options, model) {
      const queue = variable('queue', [3], 'u32', new Uint32Array([7, 2 ** 31 + 1, 0]));
      const factor = variable('factor', [1], 'f32', new Float32Array([0.5]));
      const [stage] = coin.stages({ ...options, alpha: 1 }, model);
      return [
        {
          ...stage!,
          state: new Map([
            ['queue', queue],
            ['factor', factor],
          ]),
          beforeEpoch: async (epoch) => device().write(factor, new Float32Array([epoch + 1])),
          loss: (step) => ({
            ...stage!.loss(step),
            factor: { loss: weightedSum(step.tape, [[factor, 1]]), weight: 0 },
          }),
        },
      ];
    },
  };
}

test("a method's own tensors are saved and restored, and are not made anew in the middle of an epoch", async () => {
  const device = await testDevice();
  const settings = () => setUp(device, { method: counting(() => device) });
  const unbroken = await statesOf(device, settings());
  const state = unbroken.states.get(7)!;
  assert.equal([...state.tensors.get('training.method.queue')!.data], [7, -(2 ** 31) + 1, 0]);
  state.tensors.get('training.method.factor')!.data[0] = 0.125;
  const resumed = await statesOf(device, { ...settings(), resume: throughFile(state) });
  const told = resumed.events.flatMap((event) => (event.type === 'step' ? [event.losses.factor] : []));
  assert.equal(told, [0.125, 0.125, 0.125]);
});

test('the state of another run is refused before anything is written', async () => {
  const device = await testDevice();
  const { states } = await statesOf(device, setUp(device));
  const state = states.get(3)!;
  const settings = setUp(device, adamwOf(device));
  assert.match(
    await refusal(statesOf(device, { ...settings, resume: state })),
    /^The state that the run goes on from has no training\.optimizer\.\S+\.exp_avg, so it is of another run: another optimizer, method or program\.$/,
  );
  const name = [...state.tensors.keys()].find((key) => key.startsWith('training.optimizer.'))!;
  const other = { ...state.tensors.get(name)!, shape: [1], data: new Float32Array(1) };
  const narrow = { ...state, tensors: new Map(state.tensors).set(name, other) };
  assert.match(
    await refusal(statesOf(device, { ...setUp(device), resume: narrow })),
    /is of another run: training\.optimizer\.\S+ is \[1\] there and \[[\d, ]+\] here\.$/,
  );
});

test('a device that is lost is made again, and the run ends with the same bits', async () => {
  const [lost, next] = [await newDevice(), await testDevice()];
  const settings = (device: Device) => {
    const whole = setUp(device, { method: ceTuning, options: { ...config, epochs: 2 } });
    // A device of its own compiles all kernels again; those of the encoder's gradients matter little here.
    freeze(whole.model.store, ['encoder']);
    return whole;
  };
  const unbroken = await statesOf(next, settings(next));
  let saved: RunState | undefined;
  const told: string[] = [];
  const begin = async function* (device: Device, from: { state: RunState } | undefined): AsyncGenerator<TrainEvent> {
    for await (const event of train(device, { ...settings(device), ...(from && { resume: from.state }) })) {
      yield event;
      if (event.type === 'checkpoint' && event.step % 3 === 0) saved = throughFile(await event.capture());
      if (event.type === 'checkpoint' && event.step === 10) saved = await event.capture();
      // Three micro-batches later than what was saved, and in the middle of an epoch.
      if (event.type === 'step' && event.step === 7 && device === lost) lost.gpu.destroy();
    }
  };
  const events = survive(lost, {
    request: testDevice,
    latest: async () => saved && { state: saved },
    begin: async (device, from) => begin(device, from),
  });
  for await (const event of events) if (event.type === 'notice') told.push(event.message);
  assert.equal(told, [
    `the GPU device was lost; on a new one (${next.target.name}) the run goes on after 1 epochs and 1 micro-batches`,
  ]);
  assert.equal(bitsOf(saved!), bitsOf(unbroken.states.get(10)!));
});

/** A device of which only is asked whether it was lost. */
const deviceThat = (lost: Promise<unknown>) => ({ gpu: { lost }, target: { name: 'made up' } }) as unknown as Device;

test('a run whose device is lost before anything was saved begins again, and one that loses each device ends', async () => {
  const gone = deviceThat(Promise.resolve());
  const begun: unknown[] = [];
  const events = survive(gone, {
    request: async () => gone,
    latest: async () => undefined,
    begin: async (_, from) => {
      begun.push(from);
      throw new Error('The device is gone.');
    },
  });
  const told: TrainEvent[] = [];
  const reading = (async () => {
    for await (const event of events) told.push(event);
  })();
  assert.is(await refusal(reading), 'The device is gone.');
  assert.equal(begun, [undefined, undefined, undefined]);
  assert.is(told.length, 2);
});

test('a run that saves before each loss goes on, each time from the state that it has by then, however many devices are lost', async () => {
  const gone = deviceThat(Promise.resolve());
  const begun: unknown[] = [];
  const events = survive(gone, {
    request: async () => gone,
    latest: async () => ({ state: { place: { ...BEGINNING, index: begun.length }, tensors: new Map(), steps: {} } }),
    begin: async (_, from) => {
      begun.push(from?.state.place.index);
      return (async function* (): AsyncGenerator<TrainEvent> {
        yield { type: 'saved', step: begun.length, file: 'made up' };
        if (begun.length < 5) throw new Error('The device is gone.');
      })();
    },
  });
  for await (const event of events) assert.ok(event.type === 'saved' || event.type === 'notice');
  assert.equal(begun, [0, 1, 2, 3, 4]);
});

test('what is wrong with a run itself is no lost device', async () => {
  let begun = 0;
  const events = survive(deviceThat(new Promise(() => {})), {
    request: async () => assert.unreachable('another device is asked for') as never,
    latest: async () => undefined,
    begin: async () => {
      begun++;
      throw new Error('The loss became NaN.');
    },
  });
  assert.is(await refusal(events.next()), 'The loss became NaN.');
  assert.is(begun, 1);
});

test.run();
