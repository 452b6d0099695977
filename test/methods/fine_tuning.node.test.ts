// All methods of fine-tuning, trained by the trainer on a small network.
import { allIndices } from '../../src/data/sampler.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { ceTuning, coin, methods, scl, withInitialization } from '../../src/methods/index.ts';
import type { Method, MethodConfig } from '../../src/methods/method.ts';
import { createModel } from '../../src/nn/model.ts';
import { selectPartners } from '../../src/ops/triplet.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { createTape } from '../../src/tape/tape.ts';
import { type RunState, stateFile, stateOf } from '../../src/train/run_state.ts';
import { train } from '../../src/train/trainer.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { corners } from '../train/corners.ts';
import { config } from './config.ts';

const test = suite('methods of fine-tuning');

/** The states of two epochs of three micro-batches, by micro-batches done, and the last losses. */
async function trained(method: Method, more: Partial<MethodConfig> = {}, resume?: RunState) {
  const device = await testDevice();
  const projector = method.projector ? { out: 8 } : undefined;
  const model = createModel({
    ...{ arch: 'resnet8', encoder: { width: 4, channels: 1 }, projector, classes: 3, seed: 1 },
    ...method.heads,
  });
  const states = new Map<number, RunState>();
  let losses: Record<string, number> = {};
  for await (const event of train(device, {
    ...{ method, model, data: corners(device), indices: allIndices(18), batch: 6, lr: 0.05, seed: 3, readEvery: 1 },
    options: { ...config, epochs: 2, ...method.defaults, reinitializations: 1, ...more },
    optimizer: sgd(model.store.arena, { momentum: 0.9, nesterov: true }),
    augmentation: { brightness: 0.1, flip: 0.5 },
    ...(resume && { resume }),
  })) {
    if (event.type === 'checkpoint') states.set(event.step, await event.capture());
    if (event.type === 'step') losses = event.losses;
  }
  return { states, losses, end: states.get(6) as RunState };
}

const throughFile = (state: RunState): RunState => {
  const { tensors, metadata } = stateFile(state);
  return stateOf(readSafetensors(writeSafetensors(tensors, metadata), 'state'), 'state');
};

const modelOf = ({ tensors }: RunState, part = /^(encoder|projector|classifier)\./) =>
  new Map([...tensors].filter(([name]) => part.test(name)));

const cases: [method: Method, more: Partial<MethodConfig>][] = [
  ...methods.map((method): [Method, Partial<MethodConfig>] => [method, {}]),
  ...methods
    .filter(({ replacesDecay }) => replacesDecay)
    .map((method): [Method, Partial<MethodConfig>] => [withInitialization(method), { coin_alpha: 0.5 }]),
];
for (const [method, more] of cases)
  test(`${method.title} goes on from its states to the same bits`, async () => {
    const unbroken = await trained(method, more);
    assert.ok(Object.values(unbroken.losses).every(Number.isFinite));
    for (const from of [2, 3]) {
      const { end } = await trained(method, more, throughFile(unbroken.states.get(from)!));
      assert.equal(end.tensors, unbroken.end.tensors, `from ${from}`);
    }
  });

test('COIN with α = 0 is SCL, and SCL with λ = 0 is CE-Tuning, to the bit', async () => {
  const [asScl, plain] = [await trained(coin, { alpha: 0 }), await trained(scl)];
  assert.equal(modelOf(asScl.end), modelOf(plain.end));
  const shared = /^(encoder|classifier)\./;
  const [without, ce] = [await trained(scl, { lambda: 0 }), await trained(ceTuning)];
  assert.equal(modelOf(without.end, shared), modelOf(ce.end, shared));
  assert.not.equal(modelOf(plain.end, shared), modelOf(ce.end, shared));
});

test("COIN's first stage before another method is that of COIN, and the other begins where it ends", async () => {
  const both = await trained(withInitialization(scl), { coin_alpha: 0.5, coin_temperature: config.temperature });
  const own = await trained(coin, { alpha: 0.5 });
  assert.equal(modelOf(both.end), modelOf(own.end));
});

test('partners are of the right classes, and all of them are chosen', async () => {
  const device = await testDevice();
  const tape = createTape(device.target, { grad: false });
  const classes = [0, 0, 0, 1, 1, 2];
  const n = classes.length;
  const inputs = {
    labels: tape.input('labels', [n], 'i32'),
    rank: tape.input('rank', [n], 'i32'),
    draws: tape.input('draws', [2 * n]),
  };
  const partners = selectPartners(tape, inputs.labels, inputs.rank, inputs.draws);
  for (const [name, tensor] of Object.entries(partners)) tape.output(name, tensor);
  const program = await compile(device, tape);
  const select = async (labels: number[], rank: number[], draw: (i: number) => number) => {
    const draws = Float32Array.from({ length: 2 * n }, (_, i) => draw(i));
    const given = { labels: Int32Array.from(labels), rank: Int32Array.from(rank), draws };
    const { positive, negative } = await program.run(given, ['positive', 'negative']).read();
    return { positive: [...positive!], negative: [...negative!] };
  };
  // The first that is visited finds nobody, and takes the whole batch: 5 is first here, then 4, and so on.
  const rank = [5, 4, 3, 2, 1, 0];
  assert.equal(await select(classes, rank, () => 0), { positive: [1, 2, 0, 4, 3, 5], negative: [3, 3, 3, 5, 5, 0] });
  assert.equal(await select(classes, rank, () => 0.999999), {
    positive: [2, 2, 1, 4, 3, 5],
    negative: [5, 5, 5, 5, 5, 4],
  });
  const alone = await select([7, 7, 7, 7, 7, 7], rank, () => 0.5);
  assert.equal(alone.negative, [-1, -1, -1, -1, -1, -1]);
});

test.run();
