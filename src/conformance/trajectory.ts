import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { coin } from '../methods/coin.ts';
import type { MethodConfig, Stage } from '../methods/method.ts';
import { classifier, projector } from '../nn/heads.ts';
import type { Module } from '../nn/layers.ts';
import type { Model } from '../nn/model.ts';
import { resnet } from '../nn/resnet.ts';
import { createStore } from '../nn/store.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { accumulator } from '../optim/accumulate.ts';
import { createSchedule, takesStep } from '../optim/schedule.ts';
import { sgd } from '../optim/sgd.ts';
import { createTape } from '../tape/tape.ts';
import { recordStep } from '../train/step.ts';
import { toEngineLayout } from '../weights/layout.ts';
import { loadState } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';
import { formulaState } from './formula_state.ts';

interface Attrs {
  readonly projector: readonly [number, number, number];
  readonly classes: number;
  readonly epochs: number;
  readonly batch_size: number;
  readonly accumulate: number;
  readonly alpha: number;
  readonly lambda: number;
  readonly temperature: number;
  readonly sup_con_variant: MethodConfig['variant'];
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly nesterov: boolean;
  readonly formula_salt: number;
}

/** COIN end to end, both stages: the losses and the learning rate of every micro-batch, and the logits at the end. */
export async function runTrajectory(device: Device, { inputs, attrs }: Case): Promise<Results> {
  const { x, labels } = inputs;
  if (!x || !labels) throw new Error('the case needs input.x and input.labels');
  const a = attrs as unknown as Attrs;
  const model = createTestModel(a);
  const { arena, entries } = model.store;
  await loadState(device, entries, formulaState(entries, a.formula_salt), 'formula weights');

  const { data: images, shape } = toEngineLayout('activation', x.data as Float32Array<ArrayBuffer>, x.shape);
  const [count = 0, ...imageShape] = shape;
  const size = images.length / count;
  const optimizer = sgd(arena, a);
  const sums = accumulator(arena);
  const losses: number[] = [];
  const rates: number[] = [];
  const rate = createSchedule(a.lr, a.epochs);
  for (const stage of coin.stages({ ...a, variant: a.sup_con_variant, label_smoothing: 0 }, model)) {
    const tape = createTape(device.target);
    const batch = {
      images: tape.input('images', [a.batch_size, ...imageShape]),
      labels: tape.input('labels', [a.batch_size], 'i32'),
      instances: tape.input('instances', [a.batch_size], 'i32'),
    };
    const trained = recordStep(tape, model, observed(stage), batch);
    sums.record(tape, trained, 1 / a.accumulate);
    const program = await compile(device, tape);
    const applying = createTape(device.target);
    const update = optimizer.record(applying, trained, { from: sums });
    const apply = await compile(device, applying);
    for (let epoch = stage.epochs[0]; epoch < stage.epochs[1]; epoch++) {
      const lr = rate(epoch);
      const microBatches = Math.ceil(count / a.batch_size);
      for (let index = 0; index < microBatches; index++) {
        const from = index * a.batch_size;
        const read = await program
          .run(
            {
              images: images.subarray(from * size, (from + a.batch_size) * size),
              labels: (labels.data as Int32Array).subarray(from, from + a.batch_size),
            },
            ['loss.total', 'loss.sup_con', 'loss.cross_entropy'],
          )
          .read();
        losses.push(
          ...(['loss.total', 'loss.sup_con', 'loss.cross_entropy'] as const).map((name) => read[name][0] as number),
        );
        rates.push(lr);
        if (takesStep(index, microBatches, a.accumulate)) apply.run(update.inputs(lr));
      }
    }
  }
  return {
    'output.losses': losses,
    'output.learning_rates': rates,
    'output.logits_eval': await evaluationLogits(device, model, images, shape),
  };
}

function createTestModel({ projector: [dim, hidden, out], classes }: Attrs): Model {
  const store = createStore(0);
  const encoder = resnet(store.scope('encoder'), { block: 'basic', layers: [1, 1, 1, 1] });
  if (encoder.dim !== dim) throw new Error(`the projector takes ${dim} features, but the encoder gives ${encoder.dim}`);
  return {
    store,
    encoder,
    projector: projector(store.scope('projector'), dim, { hidden, out }),
    classifier: classifier(store.scope('classifier'), dim, classes),
  };
}

/** The case tells the cross-entropy in the first stage too, where it is not part of the loss. */
const observed = (stage: Stage): Stage => ({
  ...stage,
  loss(step) {
    const terms = stage.loss(step);
    if (!terms.cross_entropy)
      step.tape.output('loss.cross_entropy', crossEntropy(step.tape, step.logits(), step.labels));
    return terms;
  },
});

async function evaluationLogits(device: Device, model: Model, images: Float32Array<ArrayBuffer>, shape: number[]) {
  const tape = createTape(device.target, { grad: false });
  const features = model.encoder.forward(tape, tape.input('x', shape), false);
  tape.output('logits', (model.classifier as Module)(tape, features, false));
  return (await (await compile(device, tape)).run({ x: images }, ['logits']).read()).logits;
}
