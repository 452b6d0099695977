import { env, InferenceSession, Tensor } from 'onnxruntime-web/webgpu';
import { devDependencies } from '../../package.json';
import { type BenchCase, inputValues, type Problem, type Values } from '../../src/bench/cases.ts';
import { joined } from '../../src/bytes.ts';
import { createGraph, type Graph, type Value } from '../../src/onnx/graph.ts';
import { elements } from '../../src/tape/tensor.ts';
import { toEngineLayout, toTorchLayout } from '../../src/weights/layout.ts';
import type { Peer } from './peer.ts';

/** Its WebAssembly, from where the page's own scripts come. */
const WASM = 'onnxruntime/ort-wasm-simd-threaded.asyncify.wasm';

/**
 * onnxruntime-web on its WebGPU provider, forward passes alone: a model of one node whose inputs and outputs stay on the GPU, with
 * images in its own layout, NCHW, and a convolution's weights as constants, as models have them.
 */
export const onnxruntime: Peer = {
  name: `onnxruntime-web ${devDependencies['onnxruntime-web']}`,
  async start() {
    // More threads would need the isolation from other origins, and the GPU does the work.
    env.wasm.numThreads = 1;
    env.wasm.wasmPaths = { wasm: new URL(WASM, location.href).href };
    env.logLevel = 'error';
  },
  async prepare(bench) {
    const { model, inputs, output } = modelOf(bench);
    const session = await InferenceSession.create(model, {
      executionProviders: ['webgpu'],
      preferredOutputLocation: 'gpu-buffer',
    });
    const gpu = (await env.webgpu.device) as GPUDevice;
    const buffers: GPUBuffer[] = [];
    const tensor = (shape: readonly number[], data?: Float32Array) => {
      const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
      const buffer = gpu.createBuffer({ size: 4 * elements(shape), usage: STORAGE | COPY_SRC | COPY_DST });
      if (data) gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
      buffers.push(buffer);
      return Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [...shape] });
    };
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [name, tensor(shape, data)]),
    );
    const fetches = { [RESULT]: tensor(output) };
    return {
      async run(times) {
        // A session takes one run at a time; none of these waits for the GPU.
        for (let i = 0; i < times; i++) await session.run(feeds, fetches);
        await gpu.queue.onSubmittedWorkDone();
      },
      async read() {
        await session.run(feeds, fetches);
        const data = await readBuffer(gpu, buffers.at(-1) as GPUBuffer);
        return bench.problem?.op === 'conv2d' ? toEngineLayout('activation', data, output).data : data;
      },
      dispose() {
        session.release();
        for (const buffer of buffers) buffer.destroy();
      },
    };
  },
  async train() {
    throw new Error('forward passes alone');
  },
};

const RESULT = 'result';

interface Model {
  readonly model: Uint8Array;
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;
  readonly output: readonly number[];
}

function modelOf(bench: BenchCase): Model {
  const { name, problem } = bench;
  if (!problem) throw new Error(`onnxruntime-web cannot run the benchmark ${name}: it is not described as a problem.`);
  if (problem.op === 'conv2d' && problem.pass !== 'forward') throw new Error('forward passes alone');
  const graph = createGraph();
  const { node, inputs, output } = nodeOf(graph, problem, bench, inputValues(bench));
  const pieces = graph.finish({
    inputs: Object.fromEntries(Object.entries(inputs).map(([input, { shape }]) => [input, shape])),
    outputs: { [node]: output },
    metadata: {},
    producer: ['coin-webgpu', ''],
  });
  return { model: joined(pieces), inputs, output };
}

/** The problem as a node of a graph; its inputs are as named. */
function nodeOf(
  graph: Graph,
  problem: Problem,
  { inputs: shapes }: BenchCase,
  values: Values,
): Omit<Model, 'model'> & { readonly node: Value } {
  const given = (name: string) => ({ shape: shapes[name] as number[], data: values[name] as Float32Array });
  if (problem.op === 'conv2d') {
    const [x, weight] = [given('x'), given('weight')];
    const { stride, padding } = problem;
    const images = toTorchLayout('activation', x.data, x.shape);
    const filters = toTorchLayout('conv_weight', weight.data, weight.shape);
    const [to = 1, , kernel = 1] = filters.shape;
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    };
    const [batch = 1, , size = 1] = images.shape;
    const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
    const constant = graph.constant('weight', filters.data, filters.shape);
    return {
      node: graph.node('Conv', ['x', constant], attributes, RESULT),
      inputs: { x: images },
      output: [batch, to, out, out],
    };
  }
  const { transposeA, transposeB } = problem;
  const [a, b] = [given('a'), given('b')];
  const rows = transposeA ? a.shape.at(-1) : a.shape.at(-2);
  const columns = transposeB ? b.shape.at(-2) : b.shape.at(-1);
  const output = [...a.shape.slice(0, -2), rows as number, columns as number];
  // A plain product has no transposition of its own; a general one is of two matrices alone.
  const node =
    transposeA || transposeB
      ? graph.node('Gemm', ['a', 'b'], { transA: Number(transposeA), transB: Number(transposeB) }, RESULT)
      : graph.node('MatMul', ['a', 'b'], {}, RESULT);
  return { node, inputs: { a, b }, output };
}

async function readBuffer(gpu: GPUDevice, buffer: GPUBuffer): Promise<Float32Array> {
  const copy = gpu.createBuffer({ size: buffer.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size);
  gpu.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const data = new Float32Array(copy.getMappedRange().slice(0));
  copy.destroy();
  return data;
}
