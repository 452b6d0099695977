import { randomUnitRows } from '../data/random.ts';
import type { Module, Training } from '../nn/layers.ts';
import type { ModelOptions } from '../nn/model.ts';
import { argsort } from '../ops/argsort.ts';
import { permuteRows, restoreRows, sliceRows } from '../ops/gather.ts';
import { enqueue, infoNce, type KeyQueue } from '../ops/info_nce.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { uniform } from '../ops/random.ts';
import { recordEma } from '../optim/ema.ts';
import type { Tape } from '../tape/tape.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { type Layout, toTorchLayout } from '../weights/layout.ts';
import type { MethodConfig, MethodModel, RunTensors, Step } from './method.ts';
import { PHOTOGRAPH, type PretrainMethod } from './recipe.ts';
import { createTwin } from './twin.ts';

// Tell the uses of one seed apart.
const STREAM_QUEUE = 0x6d6f636f;
const STREAM_SHUFFLE = 0x73687566;

/** MoCo's encoders, heads included: images to features [n, d] before normalisation. */
type Network = (tape: Tape, images: Tensor, training: Training) => Tensor;

/**
 * MoCo v2 (Chen et al., "Improved Baselines with Momentum Contrastive Learning", arXiv 2003.04297, on He et al., arXiv
 * 1911.05722): queries, the first view of each image, find their key, the second view's, among the keys of a queue of earlier
 * batches. Keys come from an encoder of their own, a moving average of the queries', without gradients and with batch statistics
 * of its own. Batches are normalised in parts, and the keys' images are shuffled over them, so that statistics do not tell
 * which key belongs to a query: on one device what the original does over several.
 */
export const moco: PretrainMethod = {
  name: 'moco',
  title: 'MoCo v2',
  projector: true,
  classifier: false,
  views: 2,
  settings: () => ['epochs', 'temperature', 'queue_length', 'key_momentum', 'batch_norm_groups'],
  // For photographs the paper's own; for small images MoCo's notebook for CIFAR-10, with the head and the temperature of v2.
  recipe: (size) => ({
    ...{
      epochs: 200,
      arch: 'resnet8',
      batch: 256,
      lr: 0.03,
      optimizer: 'sgd',
      momentum: 0.9,
      drop_last: true,
      projection: 128,
    },
    weight_decay: size < PHOTOGRAPH ? 5e-4 : 1e-4,
    augmentation: 'moco-v2',
    config: {
      ...{ temperature: 0.2, batch_norm_groups: 8 },
      ...(size < PHOTOGRAPH
        ? { queue_length: 4096, key_momentum: 0.99 }
        : { queue_length: 65536, key_momentum: 0.999 }),
    },
  }),
  checkpoint: officialNames,
  stages: (config, model) => {
    const { epochs, key_momentum = 0.999 } = config;
    const { options, projector } = model;
    if (!options || !projector)
      throw new Error('MoCo makes a second encoder: it needs a model of createModel with a projector.');
    const twin = createTwin(model, 'MoCo');
    const queue = keyQueue(config, options);
    return [
      {
        name: 'pre-training',
        epochs: [0, epochs],
        pairs: 'instances',
        loss: (step) => ({ info_nce: { loss: contrast(step, config, [model, twin.model], queue), weight: 1 } }),
        // The original averages before each forward pass, which is after each update but for the first, when both are equal.
        afterUpdate: (tape) => recordEma(tape, model.store.arena, twin.chunks, key_momentum),
        beforeEpoch: async (epoch, device) => {
          if (epoch === 0) await twin.follow(device);
        },
        state: new Map([...twin.state('key'), ...Object.entries(queue)]),
      },
    ];
  },
};

/**
 * The state dict as MoCo's own program writes it under DistributedDataParallel: both encoders with their heads as `fc`, and the
 * queue with its keys in columns.
 */
function officialNames({ tensors }: RunTensors, { store }: MethodModel): Map<string, HostTensor> {
  const names = (encoder: string, name: string) =>
    `module.${encoder}.${name.replace(/^encoder\./, '').replace(/^projector\./, 'fc.')}`;
  const kept = (name: string) => tensors.get(`training.method.${name}`) as HostTensor;
  const toTorch = ({ shape, data }: HostTensor, layout: Layout): HostTensor => ({
    dtype: 'F32',
    ...toTorchLayout(layout, data as Float32Array<ArrayBuffer>, shape),
  });
  const queries = store.entries.map(({ name }) => [names('encoder_q', name), tensors.get(name) as HostTensor] as const);
  const keys = store.entries.map(({ name, layout }) => {
    const own = kept(`key.${name}`);
    return [names('encoder_k', name), layout ? toTorch(own, layout) : own] as const;
  });
  const pointer = BigInt64Array.from(kept('queue_ptr').data as Int32Array, BigInt);
  return new Map<string, HostTensor>([
    ...queries,
    ...keys,
    ['module.queue', toTorch(kept('queue'), 'linear_weight')],
    ['module.queue_ptr', { dtype: 'I64', shape: [1], data: pointer }],
  ]);
}

/** Records one step's loss; the keys join the queue behind the backward pass, which still reads those that they replace. */
function contrast(
  { tape, images, instances, counter, afterBackward, watch }: Step,
  { temperature, batch_norm_groups: groups = 8 }: MethodConfig,
  [queryModel, keyModel]: readonly [MethodModel, MethodModel],
  queue: KeyQueue,
): Tensor {
  const n = (images.shape[0] as number) / 2;
  const queries = network(queryModel)(tape, sliceRows(tape, images, 0, n), { groups });
  const shuffle = argsort(tape, uniform(tape, counter(), [n], STREAM_SHUFFLE));
  const shuffled = permuteRows(tape, sliceRows(tape, images, n, n), shuffle);
  const keys = restoreRows(
    tape,
    tape.scope('key', () => network(keyModel)(tape, shuffled, { groups })),
    shuffle,
  );
  const unit = l2Normalize(tape, keys);
  afterBackward(() => enqueue(tape, queue, unit));
  watch(queries, instances, unit);
  return infoNce(tape, l2Normalize(tape, queries), unit, queue.queue, { temperature });
}

const network =
  ({ encoder, projector }: MethodModel): Network =>
  (tape, images, training) =>
    (projector as Module)(tape, encoder.forward(tape, images, training), training);

/** Random unit keys. */
function keyQueue({ queue_length = 65536 }: MethodConfig, { projector, seed }: ModelOptions): KeyQueue {
  const d = projector?.out ?? 256;
  const keys = randomUnitRows(queue_length, d, seed, STREAM_QUEUE);
  return { queue: variable('queue', [queue_length, d], 'f32', keys), queue_ptr: variable('queue_ptr', [1], 'i32') };
}
