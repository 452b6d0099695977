import { blockUntilReady, defaultDevice, init, jit, lax, numpy as np, type OwnedFunction, vjp } from '@jax-js/jax';
import { devDependencies } from '../../package.json';
import { type BenchCase, type ConvProblem, inputValues, type MatmulProblem } from '../../src/bench/cases.ts';
import { type Layout, toEngineLayout, toTorchLayout } from '../../src/weights/layout.ts';
import { trainJax } from './jax_training.ts';
import type { Peer } from './peer.ts';

// jax-js counts references: a function consumes its arguments, and `.ref` keeps one for later.

/** jax-js, with every case in one jitted function, and images in its own layout, NCHW. */
export const jax: Peer = {
  name: `jax-js ${devDependencies['@jax-js/jax']}`,
  async start() {
    const devices = await init('webgpu');
    if (!devices.includes('webgpu')) throw new Error('jax-js found no WebGPU.');
    defaultDevice('webgpu');
  },
  async prepare(bench) {
    const { problem } = bench;
    if (!problem) throw new Error(`jax-js cannot run the benchmark ${bench.name}: it is not described as a problem.`);
    const call = problem.op === 'matmul' ? matmul(problem) : convolution(problem);
    const inputs = arrays(bench);
    await blockUntilReady(inputs);
    const start = () => call(...inputs.map((input) => input.ref));
    return {
      async run(times) {
        const results = Array.from({ length: times }, start);
        await blockUntilReady(results);
        for (const result of results) result.dispose();
      },
      async read() {
        const result = start();
        const shape = [...result.shape];
        const data = (await result.data()) as Float32Array<ArrayBuffer>;
        const layout = problem.op === 'conv2d' ? LAYOUTS[problem.pass === 'wgrad' ? 'weight' : 'x'] : undefined;
        return layout ? toEngineLayout(layout, data, shape).data : data;
      },
      dispose() {
        for (const input of inputs) input.dispose();
        call.dispose();
      },
    };
  },
  train: trainJax,
};

type Call = OwnedFunction<(...inputs: np.Array[]) => np.Array>;

const LAYOUTS: Readonly<Record<string, Layout>> = { x: 'activation', weight: 'conv_weight', dy: 'activation' };

function arrays(bench: BenchCase): np.Array[] {
  return Object.entries(inputValues(bench)).map(([name, values]) => {
    const shape = bench.inputs[name] as number[];
    const layout = LAYOUTS[name];
    const { data, shape: own } = layout ? toTorchLayout(layout, values, shape) : { data: values, shape };
    return np.array(data as Float32Array<ArrayBuffer>).reshape(own);
  });
}

function matmul({ transposeA, transposeB }: MatmulProblem): Call {
  const stored = (matrix: np.Array, transposed: boolean) => (transposed ? matrix.transpose() : matrix);
  return jit((a: np.Array, b: np.Array) => np.matmul(stored(a, transposeA), stored(b, transposeB)));
}

function convolution({ pass, stride, padding }: ConvProblem): Call {
  const border: [number, number] = [padding, padding];
  const convolve = (x: np.Array, weight: np.Array) =>
    lax.convGeneralDilated(x, weight, [stride, stride], [border, border]);
  if (pass === 'forward') return jit(convolve);
  // Inside of jit, the forward pass that a gradient does not need is dropped.
  return jit((x: np.Array, weight: np.Array, dy: np.Array) => {
    const [y, back] =
      pass === 'dgrad'
        ? vjp((own: np.Array) => convolve(own, weight), [x])
        : vjp((own: np.Array) => convolve(x, own), [weight]);
    y.dispose();
    const [gradient] = back(dy);
    back.dispose();
    return gradient;
  });
}
