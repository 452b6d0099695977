// Three steps of every method on a small ResNet, beside the same steps in float64.
import { augment } from '../../src/data/augment.ts';
import { epochBatches } from '../../src/data/sampler.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { methods } from '../../src/methods/index.ts';
import type { Method, MethodConfig, Stage } from '../../src/methods/method.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { createTape } from '../../src/tape/tape.ts';
import { train } from '../../src/train/trainer.ts';
import { saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { corners } from '../train/corners.ts';
import { cases, common } from './float64/cases.ts';
import type { Values } from './float64/network.ts';
import { type Given, type Settings, slopes, trained } from './float64/trainer.ts';

const test = suite('three steps');

const STEPS = 3;
const BATCH = 8;
/** Four images of one class, three of another, and one that has no positive. */
const indices = Uint32Array.of(0, 3, 6, 9, 1, 4, 7, 2);
const augmentation = { flip: 0.5 };
const settings = { lr: 0.05, momentum: 0.9, weight_decay: 0.01, seed: 3 };

/** The views of a step, read from the device: what a step is given. */
async function views(device: Device, epoch: number, count: number): Promise<Given> {
  const data = corners(device);
  const tape = createTape(device.target, { grad: false });
  tape.output('images', augment(tape, data, BATCH * count, augmentation).images);
  const program = await compile(device, tape);
  const [order] = epochBatches(indices, { batch: BATCH, seed: settings.seed, epoch }) as [Uint32Array];
  const given = { indices: Uint32Array.from({ length: BATCH * count }, (_, i) => order[i % BATCH]!) };
  const { images } = await program.run({ ...given, counter: Uint32Array.of(settings.seed, epoch) }, ['images']).read();
  program.destroy();
  const pixels = images as Float32Array;
  const size = pixels.length / (BATCH * count);
  return {
    images: Array.from({ length: BATCH * count }, (_, i) => Float64Array.from(pixels.slice(i * size, (i + 1) * size))),
    labels: Array.from(order, (index) => data.labels[index] as number),
  };
}

/** What the engine has before and after the work that precedes an epoch, and after its step. */
interface Epoch {
  found: Values;
  begun: Values;
  ended: Values;
  losses: Record<string, number>;
  /** The last that was told of what is prepared before it. */
  prepared?: string;
}

async function trainedByEngine(device: Device, method: Method, options: Partial<MethodConfig>): Promise<Epoch[]> {
  const model = createModel({
    ...{ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 1 },
    ...(method.projector && { projector: { out: 8 } }),
    ...method.heads,
  });
  const kept = new Map<string, Stage>();
  const read = () => valuesOf(device, model, [...kept.values()]);
  const epochs: Partial<Epoch>[] = [];
  let prepared: string | undefined;
  const watched: Method = {
    ...method,
    stages: (...given) =>
      method.stages(...given).map((stage) => {
        kept.set(stage.name, stage);
        return {
          ...stage,
          beforeEpoch: async (epoch, ...rest) => {
            const found = await read();
            await stage.beforeEpoch?.(epoch, ...rest);
            epochs.push({ found, begun: await read() });
          },
        };
      }),
  };
  const { lr, seed, momentum } = settings;
  const weight_decay = method.replacesDecay ? 0 : settings.weight_decay;
  for await (const event of train(device, {
    ...{ method: watched, model, data: corners(device), indices, batch: BATCH, lr, seed, augmentation, readEvery: 1 },
    options: { ...common, ...method.defaults, ...options },
    optimizer: sgd(model.store.arena, { momentum, nesterov: true, weight_decay }),
  })) {
    if (event.type === 'preparing') prepared = `${event.done} of ${event.of} ${event.what}`;
    if (event.type === 'step')
      Object.assign(epochs.at(-1) as Epoch, { losses: event.losses, ended: await read(), prepared });
  }
  return epochs as Epoch[];
}

/** The model and what a method keeps, in PyTorch's layouts. */
async function valuesOf(device: Device, model: Model, stages: readonly Stage[]): Promise<Values> {
  const layouts = new Map(model.store.entries.map(({ name, layout }) => [name, layout]));
  const kept = stages
    .flatMap(({ state }) => [...(state ?? [])])
    .map(([name, tensor]) => {
      const layout = layouts.get(name.replace(/^(key|reference)\./, ''));
      return { name, tensor, ...(layout && { layout }) };
    });
  const state = await saveState(device, [...model.store.entries, ...kept]);
  return new Map([...state].map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]));
}

test('there is a case of every method', () => {
  for (const method of methods)
    assert.ok(
      cases.some((each) => each.method === method),
      method.name,
    );
});

for (const { name, method, options, reference, drawn, constant } of cases)
  test(`${name}: losses, weights and all that is kept are those of float64`, async () => {
    const device = await testDevice();
    // DELTA looks at more epochs than it trains.
    const passes: Given[] = [];
    for (let epoch = 0; epoch < (name === 'DELTA' ? 10 : STEPS); epoch++)
      passes.push(await views(device, epoch, method.views ?? 1));
    const epochs = await trainedByEngine(device, method, options);
    assert.is(epochs.length, STEPS);
    // Channels of the three stages' feature maps, of encoders of width 4, 4 + 8 + 16, in both micro-batches.
    assert.is(epochs[0]?.prepared, name === 'DELTA' ? '56 of 56 channels weighed' : undefined);
    for (const [epoch, { found, begun }] of epochs.entries()) drawn?.(epoch, found, begun);
    const steps = passes.slice(0, STEPS);
    const begun = epochs.map((epoch) => epoch.begun);
    const byRounding = (round: Settings['round']) =>
      trained(reference(passes, round), { ...settings, round }, steps, begun);
    const [exact, rounded] = [byRounding((value) => value), byRounding(Math.fround)];
    for (const [step, { losses, values }] of exact.entries()) {
      const { losses: own, ended } = epochs[step] as Epoch;
      assert.equal(Object.keys(own).sort(), Object.keys(losses).sort());
      for (const [loss, value] of Object.entries(losses))
        checkNear(`${name} loss ${loss} of step ${step + 1}`, [own[loss]!], [value], [rounded[step]!.losses[loss]!]);
      assert.equal([...ended.keys()].sort(), [...values.keys()].sort());
      for (const [tensor, value] of values)
        checkNear(
          `${name} ${tensor} after step ${step + 1}`,
          ended.get(tensor)!,
          value,
          rounded[step]!.values.get(tensor)!,
        );
    }
    if (constant === 'all') return;
    const parts = reference(passes, (value) => value)
      .trains(1)
      .filter((part) => part !== constant);
    const { derived, measured } = slopes(
      reference(passes, (value) => value),
      passes[1]!,
      {
        ...{ values: exact[0]!.values, parts, epoch: 1, seed: settings.seed },
      },
    );
    assert.ok(Math.abs(derived - measured) < 1e-6 * Math.abs(measured), `${derived} and ${measured}`);
  });

/**
 * How far off a result may be, in what rounding each number to float32 changes of it here. The engine adds up in other orders, by
 * exponentials and logarithms of the adapter's. What rounding happens to leave alone may still be off by some last bits.
 */
const SLACK = 32;
const LAST_BITS = 2 ** -22;

function checkNear(what: string, own: ArrayLike<number>, exact: ArrayLike<number>, rounded: ArrayLike<number>): void {
  const most = (of: (i: number) => number) =>
    Array.from(exact, (_, i) => Math.abs(of(i))).reduce((a, b) => Math.max(a, b));
  const error = most((i) => own[i]! - exact[i]!);
  const bound = SLACK * (most((i) => rounded[i]! - exact[i]!) + LAST_BITS * most((i) => exact[i]!));
  assert.ok(error <= bound, `${what} is off by ${error}, and may be by ${bound}`);
}

test.run();
