import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { withClassifier } from '../nn/encoder.ts';
import { encoders } from '../nn/model.ts';
import { createStore } from '../nn/store.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { gradients } from '../ops/gradients.ts';
import type { Parameter } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import { toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import { loadState } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';
import { formulaState } from './formula_state.ts';

/** A whole network: logits in evaluation and training mode, the loss, and the gradients of all parameters. */
export async function runModel(device: Device, { inputs, attrs, outputs }: Case): Promise<Results> {
  const { x, target } = inputs;
  if (!x || !target) throw new Error('the case needs input.x and input.target');
  const store = createStore(0);
  const arch = attrs.arch as keyof typeof encoders;
  if (!encoders[arch]) throw new Error(`the architecture ${arch} is unknown`);
  const network = withClassifier(store, encoders[arch](store), attrs.num_classes as number);
  await loadState(device, store.entries, formulaState(store.entries, attrs.formula_salt as number), 'formula weights');
  const image = toEngineLayout('activation', x.data as Float32Array<ArrayBuffer>, x.shape);

  const evaluation = createTape(device.target, { grad: false });
  evaluation.output('logits', network(evaluation, evaluation.input('x', image.shape), false));
  const evaluated = await (await compile(device, evaluation)).run({ x: image.data }, ['logits']).read();

  const training = createTape(device.target);
  const logits = network(training, training.input('x', image.shape), true);
  const loss = crossEntropy(training, logits, training.input('target', target.shape, 'i32'));
  gradients(training, loss);
  training.output('logits', logits);
  training.output('loss', loss);
  const program = await compile(device, training);
  const trained = await program.run({ x: image.data, target: target.data as Int32Array }, ['logits', 'loss']).read();

  const results: Record<string, ArrayLike<number>> = {
    'output.logits_eval': evaluated.logits,
    'output.logits_train': trained.logits,
    'output.loss': trained.loss,
  };
  const norms: number[] = [];
  for (const name of attrs.parameters as string[]) {
    const entry = store.entries.find((candidate) => candidate.name === name);
    if (!entry || !('gradient' in entry.tensor)) throw new Error(`the model has no parameter ${name}`);
    const gradient = (await device.read((entry.tensor as Parameter).gradient)) as Float32Array<ArrayBuffer>;
    norms.push(Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)));
    if (`grad.${name}` in outputs)
      results[`output.grad.${name}`] = entry.layout
        ? toTorchLayout(entry.layout, gradient, entry.tensor.shape).data
        : gradient;
  }
  results['output.grad_norms'] = norms;
  for (const name of Object.keys(outputs)) {
    const [, module] = /^running_mean\.(.+)$/.exec(name) ?? [];
    const entry = store.entries.find((candidate) => candidate.name === `${module}.running_mean`);
    if (entry) results[`output.${name}`] = await device.read(entry.tensor);
  }
  return results;
}
