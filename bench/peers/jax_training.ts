import { blockUntilReady, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { toTorchLayout } from '../../src/weights/layout.ts';
import { BATCH_NORM, batchesOf, CLASSES, forward, type Network, type Ops, SGD, weightsOf } from './networks.ts';
import type { Training } from './peer.ts';

type Arrays = Record<string, np.Array>;

/** All that a step changes. */
interface State {
  readonly [part: string]: Arrays;
  readonly weights: Arrays;
  readonly momenta: Arrays;
  readonly running: Arrays;
}

/** The whole step in one jitted function, with images in jax-js's own layout, NCHW. */
export async function trainJax(network: Network): Promise<Training> {
  let state = firstState(network);
  await blockUntilReady(state);
  const batch = batchesOf(network);
  const step = stepOf(network);
  const losses: number[] = [];
  let count = 0;

  const takeStep = (): np.Array => {
    const { images, labels } = batch(count++);
    const { data, shape } = toTorchLayout('activation', images, network.images);
    const [loss, next] = step(state, np.array(data).reshape(shape), np.array(labels));
    state = next;
    return loss;
  };
  return {
    losses,
    async run(times) {
      const pending = Array.from({ length: times }, takeStep);
      await blockUntilReady([...pending, state]);
      for (const loss of pending) losses.push((await loss.data())[0] as number);
    },
    dispose() {
      tree.dispose(state);
      step.dispose();
    },
  };
}

function firstState(network: Network): State {
  const weights: Arrays = {};
  const momenta: Arrays = {};
  const running: Arrays = {};
  for (const { name, shape, layout, data, trained } of weightsOf(network)) {
    // Linear weights stay (in, out), as in most code for JAX.
    const own = layout === 'conv_weight' ? toTorchLayout(layout, data, shape) : { data, shape: [...shape] };
    (trained ? weights : running)[name] = np.array(own.data).reshape(own.shape);
    if (trained) momenta[name] = np.zeros(own.shape);
  }
  return { weights, momenta, running };
}

// jax-js counts references: a function consumes its arguments, and `.ref` keeps one for later.

function stepOf({ layers, images: [batch] }: Network) {
  const lossOf = (weights: Arrays, images: np.Array, target: np.Array): [np.Array, Arrays] => {
    const statistics: Arrays = {};
    const logits = forward(layers, images, opsOf(weights, statistics));
    const loss = nn
      .logSoftmax(logits)
      .mul(target)
      .sum()
      .mul(-1 / batch);
    return [loss, statistics];
  };
  return jit((state: State, images: np.Array, labels: np.Array): [np.Array, State] => {
    const { weights, momenta, running } = state;
    const target = nn.oneHot(labels, CLASSES);
    const [[loss, statistics], gradients] = valueAndGrad(lossOf, { hasAux: true })(tree.ref(weights), images, target);
    const next: State = { weights: {}, momenta: {}, running: {} };
    for (const [name, gradient] of Object.entries(gradients as Arrays)) {
      const momentum = momenta[name]!.mul(SGD.momentum).add(gradient);
      next.momenta[name] = momentum.ref;
      next.weights[name] = weights[name]!.sub(momentum.mul(SGD.lr));
    }
    for (const [name, value] of Object.entries(statistics)) {
      const { momentum } = BATCH_NORM;
      next.running[name] = running[name]!.mul(1 - momentum).add(value.mul(momentum));
    }
    return [loss, next];
  });
}

function opsOf(weights: Arrays, statistics: Arrays): Ops<np.Array> {
  const perChannel = (name: string) => {
    const values = weights[name] as np.Array;
    return values.reshape([1, values.size, 1, 1]);
  };
  return {
    conv(x, { name, kernel, stride, norm, relu, to }, residual) {
      const padding = (kernel - 1) / 2;
      const y = lax.convGeneralDilated(
        x,
        weights[`${name}.weight`] as np.Array,
        [stride, stride],
        [
          [padding, padding],
          [padding, padding],
        ],
      );
      if (!norm) {
        const sum = y.add(perChannel(`${name}.bias`));
        return relu ? nn.relu(sum) : sum;
      }
      const count = y.size / to;
      const mean = np.mean(y.ref, [0, 2, 3], { keepdims: true });
      const centered = y.sub(mean.ref);
      const variance = np.mean(np.square(centered.ref), [0, 2, 3], { keepdims: true });
      statistics[`${name}.running_mean`] = mean.reshape([to]);
      statistics[`${name}.running_var`] = variance.ref.reshape([to]).mul(count / (count - 1));
      const normalized = centered
        .mul(np.reciprocal(np.sqrt(variance.add(BATCH_NORM.eps))))
        .mul(perChannel(`${name}.scale`))
        .add(perChannel(`${name}.offset`));
      const sum = residual ? normalized.add(residual) : normalized;
      return relu ? nn.relu(sum) : sum;
    },
    maxPool(x) {
      const [images, channels, height, width] = x.shape as [number, number, number, number];
      return np.max(x.reshape([images, channels, height / 2, 2, width / 2, 2]), [3, 5]);
    },
    globalAvgPool: (x) => np.mean(x, [2, 3]),
    linear: (x, { name }) =>
      np.matmul(x, weights[`${name}.weight`] as np.Array).add(weights[`${name}.bias`] as np.Array),
    again: (x) => x.ref,
  };
}
