import { randomUnitRows } from '../data/random.ts';
import type { Module } from '../nn/layers.ts';
import { advance, classContrast, classWeights, enqueueByClass, homogeneous } from '../ops/class_queue.ts';
import { sliceIntegers, sliceRows } from '../ops/gather.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { recordEma } from '../optim/ema.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import { crossEntropyTerm } from './ce_tuning.ts';
import type { LossTerm, Method, MethodConfig, Step } from './method.ts';
import { createTwin } from './twin.ts';

// Tell the uses of one seed apart.
const STREAM_Z = 0x62697a71;
const STREAM_H = 0x62696871;

/** Lasting tensors: keys of each class, [classes, length, features], and where the oldest of each are. */
export interface ClassQueues {
  readonly queue_z: Tensor;
  readonly queue_h: Tensor;
  readonly pointers: Tensor;
}

/**
 * Bi-Tuning (Zhong et al., "Bi-tuning of Pre-trained Representations", arXiv 2011.06182), as released in the
 * Transfer-Learning-Library: beside the cross-entropy, queries (an image's first view) are drawn to keys of their class (its second
 * view's and those of a queue a class), once as projections and once, features against features, through the classifier's weights.
 * Keys come from a moving average of encoder and projector. A step costs their forward pass more than CE-Tuning's, a third.
 */
export const biTuning: Method = {
  name: 'bi-tuning',
  title: 'Bi-Tuning',
  projector: true,
  views: 2,
  heads: { head: { bias: true, deviation: 0.01 }, projector: { layers: 1, out: 128 } },
  defaults: { lambda: 1, temperature: 0.07 },
  settings: () => ['epochs', 'lambda', 'temperature', 'queue_length', 'key_momentum', 'label_smoothing'],
  stages: (config, model) => {
    const { key_momentum = 0.999, queue_length = 40 } = config;
    const { options, store, encoder, projector, classifier } = model;
    const keys = createTwin(model, 'Bi-Tuning');
    const own = (name: string) => store.entries.find((entry) => entry.name === name)?.tensor;
    const [weight, bias] = [own('classifier.weight'), own('classifier.bias')];
    if (!projector || !classifier || !weight || !bias)
      throw new Error('Bi-Tuning needs a model with a projector and a classifier with a bias.');
    const classes = bias.shape[0] as number;
    const queue = (name: string, width: number, stream: number) => {
      const first = randomUnitRows(classes * queue_length, width, options?.seed ?? 0, stream);
      return variable(name, [classes, queue_length, width], 'f32', first);
    };
    const queues: ClassQueues = {
      queue_z: queue('queue_z', options?.projector?.out ?? 256, STREAM_Z),
      queue_h: queue('queue_h', encoder.dim + 1, STREAM_H),
      pointers: variable('pointers', [classes], 'i32'),
    };
    return [
      {
        name: 'fine-tuning',
        epochs: [0, config.epochs],
        pairs: 'instances',
        loss: (step) => {
          const { tape } = step;
          const n = (step.images.shape[0] as number) / 2;
          const view = (index: number) => sliceRows(tape, step.images, index * n, n);
          const features = step.encode(view(0));
          const key = tape.scope('key', () => keys.model.encoder.forward(tape, view(1), true));
          const keyProjector = keys.model.projector as Module;
          const q = { features, projected: projector(tape, features, true) };
          const k = { features: key, projected: tape.scope('key', () => keyProjector(tape, key, true)) };
          const labels = sliceIntegers(tape, step.labels, 0, n);
          step.watch(q.projected, labels, k.projected);
          const head = { logits: () => classifier(tape, features, true), labels };
          return biTuningTerms({ tape, afterBackward: step.afterBackward, ...head }, config, {
            q,
            k,
            weight,
            bias,
            queues,
          });
        },
        // The original averages before each forward pass, which is after each update but for the first, when both are equal.
        afterUpdate: (tape) => recordEma(tape, store.arena, keys.chunks, key_momentum),
        beforeEpoch: async (epoch, device) => {
          if (epoch === 0) await keys.follow(device);
        },
        state: new Map([...keys.state('key'), ...Object.entries(queues)]),
      },
    ];
  },
};

/** What the encoder and the projector give for one view. */
interface Encoded {
  readonly features: Tensor;
  readonly projected: Tensor;
}

/** What is contrasted: queries and keys, the classifier's parameters, and the queues. */
interface Contrasted {
  readonly q: Encoded;
  readonly k: Encoded;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly queues: ClassQueues;
}

/** Projections are contrasted with the queue as it was before this batch, which joins it behind the backward pass; features with theirs after. */
export function biTuningTerms(
  step: Pick<Step, 'tape' | 'labels' | 'logits' | 'afterBackward'>,
  config: MethodConfig,
  { q, k, weight, bias, queues }: Contrasted,
): Record<string, LossTerm> {
  const { tape, labels, afterBackward } = step;
  const { temperature, lambda } = config;
  const { queue_z, queue_h, pointers } = queues;
  const unit = (x: Tensor) => l2Normalize(tape, x);
  const keys = unit(k.projected);
  const l_z = classContrast(tape, { a: unit(q.projected), b: keys, queue: queue_z, labels }, { temperature });
  enqueueByClass(tape, { queue: queue_h, pointers, labels }, unit(homogeneous(tape, k.features)));
  const anchors = unit(classWeights(tape, weight, bias, labels));
  const queries = unit(homogeneous(tape, q.features));
  const l_y = classContrast(tape, { a: anchors, b: queries, queue: queue_h, labels }, { temperature });
  afterBackward(() => {
    enqueueByClass(tape, { queue: queue_z, pointers, labels }, keys);
    advance(tape, pointers, labels, queue_z.shape[1] as number);
  });
  return {
    cross_entropy: crossEntropyTerm(config, step),
    l_z: { loss: l_z, weight: lambda },
    l_y: { loss: l_y, weight: lambda },
  };
}
