// Golden cases of fine-tuning methods, run as the trainer runs a micro-batch: `recordStep` under the method's own stage, and
// gradients taken from the sums from which an optimizer steps. The case's features stand in for the encoder.

import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { biTuningTerms } from '../methods/bi_tuning.ts';
import { coreTuningTerms } from '../methods/core_tuning.ts';
import { featureTerms, headPenalty } from '../methods/delta.ts';
import { channelWeights } from '../methods/delta_channels.ts';
import { bss, ceTuning, coin, scl, slCeTuning } from '../methods/index.ts';
import { l2SpTerms } from '../methods/l2_sp.ts';
import { tripletTerm } from '../methods/m_and_m.ts';
import type { LossTerm, MethodConfig, Stage, Step } from '../methods/method.ts';
import { isRenewed, rifle } from '../methods/rifle.ts';
import { classifier, projector } from '../nn/heads.ts';
import type { Model } from '../nn/model.ts';
import { createStore, parametersOf } from '../nn/store.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { perturb } from '../ops/perturb.ts';
import { smallSingularValues } from '../ops/small_singular_values.ts';
import { accumulator } from '../optim/accumulate.ts';
import { createSchedule } from '../optim/schedule.ts';
import { createArena } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import { recordStep } from '../train/step.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { type Layout, permute, toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import { loadState } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';

/** What each method is told in all cases. */
const SHARED: MethodConfig = {
  ...{ epochs: 1, alpha: 0, lambda: 0.1, temperature: 0.3, variant: 'paper', label_smoothing: 0 },
};

const FEATURES = 'encoder.features';

const given = (inputs: Case['inputs'], name: string): HostTensor => {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`the case needs input.${name}`);
  return tensor;
};

const layoutOf = (name: string, { shape }: HostTensor): Layout | undefined =>
  /^encoder\.projected|^(features|projected)_k/.test(name)
    ? undefined
    : /^encoder\.student\.|^teacher\./.test(name)
      ? 'activation'
      : layoutOfWeight(shape);

const layoutOfWeight = (shape: readonly number[]): Layout | undefined =>
  shape.length === 4 ? 'conv_weight' : shape.length === 2 ? 'linear_weight' : undefined;

/** A model whose encoder gives the case's features, which are a parameter of it, with the case's weights. */
async function modelOf(device: Device, { inputs }: Case): Promise<Model> {
  const features = given(inputs, 'features');
  const [, dim = 0] = features.shape;
  const store = createStore(0);
  const zeros = { kind: 'constant', value: 0 } as const;
  const kept = store.parameter(FEATURES, features.shape, zeros);
  const weights = new Map<string, HostTensor>([[FEATURES, features]]);
  for (const [name, tensor] of Object.entries(inputs))
    if (/^(encoder|classifier|projector)\./.test(name)) {
      weights.set(name, tensor);
      const layout = layoutOf(name, tensor);
      if (!name.startsWith('encoder.')) continue;
      const shape = layout
        ? toEngineLayout(layout, tensor.data as Float32Array<ArrayBuffer>, tensor.shape).shape
        : tensor.shape;
      if (/running_/.test(name)) store.buffer(name, shape, 0);
      else store.parameter(name, shape, zeros, layout);
    }
  const shapeOf = (name: string) => inputs[name]?.shape;
  const [hidden, out] = [shapeOf('projector.0.weight')?.[0], shapeOf('projector.2.weight')?.[0]];
  const classes = shapeOf('classifier.weight')?.[0];
  const model: Model = {
    store,
    encoder: { forward: () => kept, dim, channels: 1 },
    projector: out === undefined ? undefined : projector(store.scope('projector'), dim, { hidden, out }),
    classifier:
      classes === undefined
        ? undefined
        : classifier(store.scope('classifier'), dim, classes, { bias: 'classifier.bias' in inputs }),
  };
  await loadState(device, store.entries, weights, 'the case');
  return model;
}

/** A case's inputs that are neither weights nor features, such as random draws, by their names. */
type Draws = (name: string) => Tensor;

/** What a case adds to a step's outputs by name. */
type Outputs = Record<string, Tensor>;

/** Records the terms of a step from the case's draws. */
type Terms = (step: Step, draws: Draws, model: Model) => { terms: Record<string, LossTerm>; outputs?: Outputs };

/** Runs one micro-batch of a stage whose terms are those given. */
async function runStep(device: Device, golden: Case, record: Terms): Promise<Results> {
  const { inputs, outputs: wanted, grads, upstreams } = golden;
  const model = await modelOf(device, golden);
  const { arena } = model.store;
  const labels = given(inputs, 'labels');
  const tape = createTape(device.target);
  const fed = new Map<string, HostTensor>();
  const draws: Draws = (name) => {
    const tensor = given(inputs, name);
    const known = tape.inputs.get(name);
    if (known) return known;
    const layout = layoutOf(name, tensor);
    const own = layout
      ? { ...tensor, ...toEngineLayout(layout, tensor.data as Float32Array<ArrayBuffer>, tensor.shape) }
      : tensor;
    fed.set(name, own);
    return tape.input(name, own.shape, tensor.dtype === 'I32' ? 'i32' : 'f32');
  };
  const rows = labels.shape[0] as number;
  const batch = {
    images: tape.input('images', [rows, 1, 1, 1]),
    labels: draws('labels'),
    instances: tape.input('instances', [rows], 'i32'),
  };
  const names: string[] = [];
  const keep = (name: string, tensor: Tensor) => {
    if (!(name in wanted)) return;
    names.push(name);
    tape.output(name, tensor);
  };
  const stage: Stage = {
    name: golden.op,
    epochs: [0, 1],
    loss(step) {
      const { terms, outputs = {} } = record(step, draws, model);
      for (const [name, tensor] of Object.entries(outputs)) keep(name, tensor);
      if ('logits' in wanted) keep('logits', step.logits());
      // Where it is no part of the loss a case may tell it all the same.
      if ('cross_entropy' in wanted && !terms.cross_entropy)
        keep('cross_entropy', crossEntropy(tape, step.logits(), step.labels));
      return terms;
    },
  };
  const sums = accumulator(arena);
  const trained = recordStep(tape, model, stage, batch);
  sums.record(tape, trained, (given(upstreams, 'loss').data as Float32Array)[0] as number);
  const told = [...tape.outputs.keys()].filter((name) => name.startsWith('loss.'));
  const values = Object.fromEntries([...fed].map(([name, { data }]) => [name, data as Float32Array<ArrayBuffer>]));
  const program = await compile(device, tape);
  const taken = Object.fromEntries(Object.entries(values).filter(([name]) => tape.inputs.has(name)));
  const read = await program.run(taken, [...told, ...names]).read();
  const results: Record<string, ArrayLike<number>> = { 'output.loss': read['loss.total'] as Float32Array };
  for (const name of told) results[`output.${name.slice('loss.'.length)}`] = read[name] as Float32Array;
  for (const name of names) results[`output.${name}`] = read[name] as Float32Array;
  const state = sums.state();
  for (const name of Object.keys(grads)) {
    const parameter =
      name === 'features_q'
        ? FEATURES
        : name === 'features' || name === 'projected_q' || name.startsWith('student.')
          ? `encoder.${name}`
          : name;
    const data = (await device.read(state.get(parameter) as Tensor)) as Float32Array<ArrayBuffer>;
    const entry = model.store.entries.find((own) => own.name === parameter);
    results[`grad.${name}`] = entry?.layout ? toTorchLayout(entry.layout, data, entry.tensor.shape).data : data;
  }
  return results;
}

const numbers = (attrs: Case['attrs']) => attrs as Readonly<Record<string, number>>;

/** A stage of a method as it is, whose terms need nothing of the case but its settings. */
const asIs = (settings: (attrs: Case['attrs']) => { stage: Stage | undefined }) => (device: Device, golden: Case) =>
  runStep(device, golden, (step) => ({ terms: settings(golden.attrs).stage!.loss(step) }));

const configOf = (attrs: Case['attrs']): MethodConfig => {
  const { temperature, lambda, variant, label_smoothing = 0 } = attrs as unknown as MethodConfig;
  return {
    ...SHARED,
    label_smoothing,
    ...(temperature !== undefined && { temperature }),
    ...(lambda !== undefined && { lambda }),
    ...(variant !== undefined && { variant }),
  };
};

const noModel = undefined as never;

async function runL2Sp(device: Device, golden: Case): Promise<Results> {
  const { alpha = 0, beta = 0 } = numbers(golden.attrs);
  const config: MethodConfig = {
    ...SHARED,
    ...{ lambda: alpha, head_decay: beta, held: golden.attrs.variant as 'all' | 'weights' },
  };
  const reference = await modelOf(device, {
    ...golden,
    inputs: Object.fromEntries(
      Object.entries(golden.inputs).map(([name, tensor]) => [name, golden.inputs[`reference.${name}`] ?? tensor]),
    ),
  });
  const chunks = reference.store.arena.chunks.map(({ values }) => values);
  const results = await runStep(device, golden, (step, _draws, model) => {
    // The case's features are no weights.
    const kept = model.store.arena.chunks.map((chunk) => ({
      ...chunk,
      parameters: chunk.parameters.filter(({ label }) => label !== FEATURES),
    }));
    const arena = { ...model.store.arena, chunks: kept };
    return { terms: l2SpTerms(step, config, { store: { ...model.store, arena } }, chunks) };
  });
  // Terms are told without their weights.
  const weighted = (name: string, weight: number) => ({
    [`output.${name}`]: Array.from(results[`output.${name}`] ?? [], (value) => weight * value),
  });
  return { ...results, ...weighted('penalty_backbone', alpha), ...weighted('penalty_head', beta) };
}

async function runMAndM(device: Device, golden: Case): Promise<Results> {
  const { margin = 0, triplet_weight = 0 } = numbers(golden.attrs);
  const isJoint = golden.attrs.mode === 'joint';
  const config = { ...SHARED, margin };
  return runStep(device, golden, (step, draws) => {
    const partners = { positive: draws('positive'), negative: draws('negative') };
    const [plain] = ceTuning.stages(config, noModel);
    return {
      terms: {
        ...(isJoint && plain?.loss(step)),
        triplet: tripletTerm(config, step, partners, isJoint ? triplet_weight : 1),
      },
    };
  });
}

/** A case without features or labels gets some that nothing depends on. */
function withBatch(golden: Case, dim: number): Case {
  const zeros: HostTensor = { dtype: 'F32', shape: [1, dim], data: new Float32Array(dim) };
  const labels: HostTensor = { dtype: 'I32', shape: [1], data: new Int32Array(1) };
  return { ...golden, inputs: { features: zeros, labels, ...golden.inputs } };
}

async function runBss(device: Device, golden: Case): Promise<Results> {
  const { k = 0, eta = 0 } = numbers(golden.attrs);
  const [rows = 0] = given(golden.inputs, 'features').shape;
  const labels: HostTensor = { dtype: 'I32', shape: [rows], data: new Int32Array(rows) };
  const [stage] = bss.stages({ ...SHARED, lambda: eta, singular_values: k }, noModel);
  return runStep(device, { ...golden, inputs: { ...golden.inputs, labels } }, (step) => {
    // The case has no classifier, and tells the singular values apart.
    const { singular_values } = stage!.loss({ ...step, logits: () => step.features() });
    const { squares } = smallSingularValues(step.tape, step.features(), k);
    return { terms: { singular_values: singular_values as LossTerm }, outputs: { squared_singular_values: squares } };
  });
}

async function runBiTuning(device: Device, golden: Case): Promise<Results> {
  const { inputs, attrs } = golden;
  const config: MethodConfig = { ...SHARED, lambda: 1, temperature: numbers(attrs).temperature as number };
  // The case has a queue's features first, the engine has them last.
  const queueOf = (name: string) => {
    const { data, shape } = given(inputs, name);
    const own = permute(data as Float32Array, shape, [1, 2, 0]);
    return variable(name, own.shape, 'f32', own.data);
  };
  const { data: pointers, shape } = given(inputs, 'pointers');
  const queues = {
    queue_z: queueOf('queue_z'),
    queue_h: queueOf('queue_h'),
    pointers: variable('pointers', shape, 'i32', pointers as Int32Array),
  };
  const renamed = { features: given(inputs, 'features_q'), 'encoder.projected_q': given(inputs, 'projected_q') };
  const results = await runStep(device, { ...golden, inputs: { ...inputs, ...renamed } }, (step, draws, model) => {
    const own = (name: string) => model.store.entries.find((entry) => entry.name === name)?.tensor as Tensor;
    const q = { features: step.features(), projected: own('encoder.projected_q') };
    const k = { features: draws('features_k'), projected: draws('projected_k') };
    const [weight, bias] = [own('classifier.weight'), own('classifier.bias')];
    return { terms: biTuningTerms(step, config, { q, k, weight, bias, queues }) };
  });
  const after = async (queue: Tensor) =>
    permute((await device.read(queue)) as Float32Array, queue.shape, [2, 0, 1]).data;
  return {
    ...results,
    'output.queue_z': await after(queues.queue_z),
    'output.queue_h': await after(queues.queue_h),
    'output.pointers': await device.read(queues.pointers),
  };
}

async function runCoreTuning(device: Device, golden: Case): Promise<Results> {
  const { attrs } = golden;
  const { eta = 0, temperature = 0 } = numbers(attrs);
  const config = { ...SHARED, temperature, lambda: eta, official_quirks: attrs.variant === 'official' };
  return runStep(device, golden, (step, draws, model) => {
    const given = { permutation: draws('permutation'), mix: draws('mix'), mix_hard: draws('mix_hard') };
    const { terms, pairs } = coreTuningTerms(step, config, model, given);
    return { terms, outputs: { hard_positive: pairs.positive, hard_negative: pairs.negative } };
  });
}

async function runDelta(device: Device, golden: Case): Promise<Results> {
  const { alpha = 0, beta = 0, layers = 0 } = numbers(golden.attrs);
  const config: MethodConfig = { ...SHARED, lambda: alpha, head_decay: beta };
  const inputs = Object.fromEntries(
    Object.entries(golden.inputs).map(([name, tensor]) => [
      name.startsWith('student.') ? `encoder.${name}` : name,
      tensor,
    ]),
  );
  const places = Array.from({ length: layers }, (_, index) => index);
  const dim = given(inputs, 'classifier.weight').shape[1] as number;
  const results = await runStep(device, withBatch({ ...golden, inputs }, dim), ({ tape }, draws, model) => {
    const head = headPenalty({ tape }, config, model);
    const parameters = parametersOf(model.store, 'encoder');
    const maps = {
      student: places.map((index) => parameters.find(({ label }) => label === `encoder.student.${index}`) as Tensor),
      teacher: places.map((index) => draws(`teacher.${index}`)),
      ...(golden.attrs.variant === 'attention' && {
        weights: places.map((index) => draws(`channel_weights.${index}`)),
      }),
    };
    return { terms: { ...featureTerms(tape, config, maps), penalty_head: head } };
  });
  return {
    ...results,
    'output.omega': places.map((index) => results[`output.feature_map_${index + 1}`]?.[0] as number),
    'output.penalty_head': [beta * (results['output.penalty_head']?.[0] as number)],
  };
}

function runChannelWeights({ inputs, attrs }: Case): Results {
  const baseline = given(inputs, 'baseline').data as Float32Array;
  const zeroed = given(inputs, 'zeroed');
  const [, count = 0] = zeroed.shape;
  const losses = Array.from(baseline, (_, batch) => [
    ...(zeroed.data as Float32Array).subarray(batch * count, (batch + 1) * count),
  ]);
  const { increase, weights } = channelWeights([...baseline], losses, numbers(attrs).temperature);
  return { 'output.increase': increase, 'output.weights': weights };
}

async function runNoisyTune(device: Device, { inputs, attrs }: Case): Promise<Results> {
  const arena = createArena();
  const tape = createTape(device.target);
  const changed = Object.entries(inputs).filter(([name]) => `uniform.${name}` in inputs);
  for (const [name, { shape, data }] of changed) {
    const noise = given(inputs, `uniform.${name}`).data as Float32Array;
    const parameter = arena.add(name, shape, data as Float32Array);
    perturb(tape, parameter, variable(`uniform.${name}`, shape, 'f32', noise), numbers(attrs).lambda as number);
  }
  (await compile(device, tape)).run();
  const results: Record<string, ArrayLike<number>> = {};
  for (const [name, { data }] of Object.entries(inputs))
    if (name.startsWith('encoder.')) results[`output.${name}`] = data as Float32Array;
  for (const { parameters } of arena.chunks)
    for (const parameter of parameters) results[`output.${parameter.label}`] = await device.read(parameter);
  return results;
}

function runRifle({ attrs }: Case): Results {
  const { epochs = 0, periods = 0, lr = 0 } = numbers(attrs);
  const config: MethodConfig = {
    ...{ ...SHARED, epochs, reinitializations: periods - 1 },
    classifier_rate: attrs.classifier_lr as 'same' | 'cyclic',
  };
  const [stage] = rifle.stages(config, noModel);
  const trained = Array.from({ length: stage?.epochs[1] ?? 0 }, (_, epoch) => epoch);
  const rate = createSchedule(lr, trained.length);
  return {
    'output.reinitialise': trained.map((epoch) => Number(isRenewed(epoch, trained.length / periods))),
    'output.learning_rates': trained.map(rate),
    'output.classifier_learning_rates': trained.map(
      (epoch) => stage?.rate?.('classifier.weight', { epoch, lr: rate(epoch), peak: lr }) ?? rate(epoch),
    ),
  };
}

/** The cases of methods, by op. */
export const methodProcedures: Readonly<Record<string, (device: Device, golden: Case) => Promise<Results>>> = {
  method_ce_tuning: asIs((attrs) => ({ stage: ceTuning.stages(configOf(attrs), noModel)[0] })),
  method_sl_ce_tuning: asIs((attrs) => ({ stage: slCeTuning.stages(configOf(attrs), noModel)[0] })),
  method_scl: asIs((attrs) => ({ stage: scl.stages(configOf(attrs), noModel)[0] })),
  method_coin: asIs((attrs) => ({
    stage: coin.stages({ ...configOf(attrs), epochs: 2, alpha: 0.5 }, noModel)[numbers(attrs).stage === 1 ? 0 : 1],
  })),
  method_l2_sp: runL2Sp,
  method_m_and_m: runMAndM,
  method_delta: runDelta,
  method_delta_channel_weights: async (_device, golden) => runChannelWeights(golden),
  method_bss: runBss,
  method_core_tuning: runCoreTuning,
  method_bi_tuning: runBiTuning,
  method_noisy_tune: runNoisyTune,
  method_rifle: async (_device, golden) => runRifle(golden),
};
