import { array64, references } from '../../src/conformance/reference/index.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { coin } from '../../src/methods/coin.ts';
import type { Method, MethodConfig, Stage } from '../../src/methods/method.ts';
import { scl } from '../../src/methods/scl.ts';
import { simclr } from '../../src/methods/simclr.ts';
import { createModel } from '../../src/nn/model.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../ops/against.ts';

const test = suite('methods');

/** No value is any option's default or another's. */
const config: MethodConfig = {
  epochs: 10,
  alpha: 0.35,
  lambda: 0.6,
  temperature: 0.45,
  variant: 'paper',
  label_smoothing: 0.15,
};

const logits = noise([6, 3], 1);
const projected = noise([6, 4], 2);
const labels = [0, 1, 2, 0, 1, 1];
/** Two views of three images. */
const instances = [7, 8, 9, 7, 8, 9];

const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, seed: 0 });

/** Which features are told how well they find each other, and by which labels. */
const watched: string[][] = [];

/** The terms of a stage's loss on these logits and projections, and their weights. */
async function lossesOf(stage: Stage): Promise<Record<string, { loss: number; weight: number }>> {
  const device = await testDevice();
  const tape = createTape(device.target, { grad: false });
  const unused = () => {
    throw new Error('no loss reads the features');
  };
  const terms = stage.loss({
    tape,
    images: tape.input('images', [6, 1, 1, 1]),
    labels: tape.input('labels', [6], 'i32'),
    instances: tape.input('instances', [6], 'i32'),
    features: unused,
    encode: unused,
    projected: () => tape.input('projected', [6, 4]),
    logits: () => tape.input('logits', [6, 3]),
    counter: unused,
    watch: (z, among) => watched.push([z.label, among.label]),
    afterBackward: unused,
  });
  for (const [name, { loss }] of Object.entries(terms)) tape.output(name, loss);
  const values = {
    images: new Float32Array(6),
    labels: Int32Array.from(labels),
    instances: Int32Array.from(instances),
    projected: projected.data,
    logits: logits.data,
  };
  const given = Object.fromEntries(Object.entries(values).filter(([name]) => tape.inputs.has(name)));
  const read = await (await compile(device, tape)).run(given, Object.keys(terms)).read();
  return Object.fromEntries(
    Object.entries(terms).map(([name, { weight }]) => [name, { loss: read[name]![0] as number, weight }]),
  );
}

const crossEntropy = () =>
  references.cross_entropy!(
    { logits: array64(logits.data, [6, 3]), target: array64(labels) },
    { target: 'index', label_smoothing: 0.15 },
  ).y!.data[0]!;
const supCon = (variant: string, by: number[] = labels) =>
  references.sup_con!({ z: array64(projected.data, [6, 4]), labels: array64(by) }, { temperature: 0.45, variant }).y!
    .data[0]!;

type Wanted = Record<string, readonly [loss: number, weight: number]>;
const joint: Wanted = { cross_entropy: [crossEntropy(), 1], sup_con: [supCon('paper'), 0.6] };
const stages: [method: Method, config: MethodConfig, ...wanted: Wanted[]][] = [
  [ceTuning, config, { cross_entropy: [crossEntropy(), 1] }],
  [scl, config, joint],
  [coin, config, { sup_con: [supCon('paper'), 1] }, joint],
  [
    coin,
    { ...config, variant: 'official' },
    { sup_con: [supCon('official'), 1] },
    { ...joint, sup_con: [supCon('official'), 0.6] },
  ],
  [simclr, config, { nt_xent: [supCon('nt_xent', instances), 1] }],
];
for (const [method, settings, ...wanted] of stages)
  test(`${method.title} (${settings.variant}): the losses of each stage are those of float64, with their weights`, async () => {
    const found = method.stages(settings, model);
    assert.is(found.length, wanted.length);
    for (const [index, stage] of found.entries()) {
      watched.length = 0;
      const losses = await lossesOf(stage);
      // A contrastive loss has told how well its own rows find each other.
      assert.equal(watched, stage.pairs ? [['projected', stage.pairs]] : []);
      assert.equal(Object.keys(losses), Object.keys(wanted[index]!));
      for (const [name, [loss, weight]] of Object.entries(wanted[index]!)) {
        assert.ok(
          Math.abs(losses[name]!.loss - loss) < 1e-5 * Math.abs(loss),
          `${name} is ${losses[name]!.loss}, not ${loss}`,
        );
        assert.is(losses[name]!.weight, weight);
      }
    }
  });

test("COIN's first stage has αN epochs, rounded", () => {
  const rows: [alpha: number, epochs: number, boundary: number][] = [
    [0, 12, 0],
    [1, 12, 12],
    [0.7, 100, 70],
    [0.25, 12, 3],
    // 0.55 · 100 is 55.00000000000001 in floats, and 0.29 · 100 is 28.999999999999996.
    [0.55, 100, 55],
    [0.29, 100, 29],
    [0.34, 12, 4],
    [0.25, 3, 1],
    [0.45, 4, 2],
  ];
  for (const [alpha, epochs, boundary] of rows) {
    const found = coin.stages({ ...config, alpha, epochs }, model).map((stage) => [...stage.epochs]);
    assert.equal(
      found,
      [
        [0, boundary],
        [boundary, epochs],
      ],
      `α = ${alpha}, N = ${epochs}`,
    );
  }
});

test.run();
