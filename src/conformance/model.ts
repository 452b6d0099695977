import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import type { Encoder } from '../nn/encoder.ts';
import { type Layer, linearLayer } from '../nn/layers.ts';
import { encoders } from '../nn/model.ts';
import { createStore, type Store } from '../nn/store.ts';
import { type VisionTransformer, type VisionTransformerOptions, visionTransformer } from '../nn/vit.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { gradients } from '../ops/gradients.ts';
import type { Parameter } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import { toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import { loadState } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';
import { formulaState } from './formula_state.ts';

/** A network by a case's `arch`, as an encoder with a classifier; `masks` are those of stochastic depth. */
function networkOf(store: Store, attrs: Case['attrs']): { encoder: Encoder | VisionTransformer; head: Layer } {
  const arch = attrs.arch as string;
  const classes = attrs.num_classes as number;
  if (arch === 'vit') {
    const encoder = visionTransformer(store, attrs as unknown as VisionTransformerOptions);
    return { encoder, head: linearLayer(store.scope('head'), encoder.dim, classes) };
  }
  if (!Object.hasOwn(encoders, arch)) throw new Error(`the architecture ${arch} is unknown`);
  const encoder = encoders[arch as keyof typeof encoders](store);
  return { encoder, head: linearLayer(store.scope('fc'), encoder.dim, classes) };
}

/** A whole network: logits in evaluation and training mode, features, the loss, and the gradients of all parameters. */
export async function runModel(device: Device, { inputs, attrs, outputs }: Case): Promise<Results> {
  const { x, target, drop_path_masks: masks } = inputs;
  if (!x || !target) throw new Error('the case needs input.x and input.target');
  const store = createStore(0);
  const { encoder, head } = networkOf(store, attrs);
  await loadState(device, store.entries, formulaState(store.entries, attrs.formula_salt as number), 'formula weights');
  const image = toEngineLayout('activation', x.data as Float32Array<ArrayBuffer>, x.shape);

  const evaluation = createTape(device.target, { grad: false });
  evaluation.output('logits', head(evaluation, encoder.forward(evaluation, evaluation.input('x', image.shape), false)));
  const evaluated = await (await compile(device, evaluation)).run({ x: image.data }, ['logits']).read();

  const training = createTape(device.target);
  const seen = training.input('x', image.shape);
  // Masks that are given stand in for those that training draws.
  const features =
    masks && 'features' in encoder
      ? encoder.features(training, seen, training.input('masks', masks.shape))
      : encoder.forward(training, seen, true);
  const logits = head(training, features);
  const label_smoothing = (attrs.label_smoothing ?? 0) as number;
  const loss = crossEntropy(training, logits, training.input('target', target.shape, 'i32'), { label_smoothing });
  gradients(training, loss);
  for (const [name, tensor] of Object.entries({ features, logits, loss })) training.output(name, tensor);
  const program = await compile(device, training);
  const given = {
    x: image.data,
    target: target.data as Int32Array,
    ...(masks && { masks: masks.data as Float32Array }),
  };
  const trained = await program.run(given, ['features', 'logits', 'loss']).read();

  const results: Record<string, ArrayLike<number>> = {
    'output.logits_eval': evaluated.logits,
    'output.logits_train': trained.logits,
    'output.features': trained.features,
    'output.loss': trained.loss,
  };
  Object.assign(results, await gradientsOf(device, store, { attrs, outputs }));
  for (const name of Object.keys(outputs)) {
    const [, module] = /^running_mean\.(.+)$/.exec(name) ?? [];
    const entry = store.entries.find((candidate) => candidate.name === `${module}.running_mean`);
    if (entry) results[`output.${name}`] = await device.read(entry.tensor);
  }
  return results;
}

/** The norms of the gradients of all parameters, and the gradients that the case has. */
export async function gradientsOf(
  device: Device,
  store: Store,
  { attrs, outputs }: Pick<Case, 'attrs' | 'outputs'>,
): Promise<Results> {
  const results: Record<string, ArrayLike<number>> = {};
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
  return results;
}
