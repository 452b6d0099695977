import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { gradients } from '../ops/gradients.ts';
import { enqueue, infoNce } from '../ops/info_nce.ts';
import { l2Normalize } from '../ops/l2_normalize.ts';
import { recordEma } from '../optim/ema.ts';
import { createArena } from '../tape/parameter.ts';
import { createTape } from '../tape/tape.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { toEngineLayout, toTorchLayout } from '../weights/layout.ts';
import type { Case, Results } from './case.ts';

const floats = (tensor: HostTensor | undefined, name: string): Float32Array<ArrayBuffer> => {
  if (tensor?.data instanceof Float32Array) return tensor.data as Float32Array<ArrayBuffer>;
  throw new Error(`the case needs input.${name} in F32`);
};

/** The loss of queries against their keys and a queue, its gradient, and the queue with the keys in it: a step of MoCo. */
export async function runMocoLoss(device: Device, { inputs, attrs, upstreams }: Case): Promise<Results> {
  const { q, k, queue, queue_ptr } = inputs;
  if (!q || !k || !queue || !queue_ptr) throw new Error('the case needs input.q, .k, .queue and .queue_ptr');
  const rows = toEngineLayout('linear_weight', floats(queue, 'queue'), queue.shape);
  const tape = createTape(device.target);
  const queries = tape.input('q', q.shape, 'f32', { requiresGrad: true });
  const keys = l2Normalize(tape, tape.input('k', k.shape));
  const kept = { queue: tape.input('queue', rows.shape), queue_ptr: tape.input('queue_ptr', [1], 'i32') };
  const loss = infoNce(tape, l2Normalize(tape, queries), keys, kept.queue, {
    temperature: attrs.temperature as number,
  });
  const gradient = gradients(tape, loss, tape.input('upstream', [1])).get(queries);
  if (!gradient) throw new Error('the loss gave q no gradient');
  enqueue(tape, kept, keys);
  for (const [name, tensor] of Object.entries({ loss, gradient, ...kept })) tape.output(name, tensor);
  const given = {
    ...{ q: floats(q, 'q'), k: floats(k, 'k'), queue: rows.data, queue_ptr: queue_ptr.data as Int32Array },
    upstream: floats(upstreams.loss, 'upstream'),
  };
  const read = await (await compile(device, tape)).run(given, ['loss', 'gradient', 'queue', 'queue_ptr']).read();
  return {
    'output.loss': read.loss,
    'output.queue': toTorchLayout('linear_weight', read.queue as Float32Array<ArrayBuffer>, rows.shape).data,
    'output.queue_ptr': read.queue_ptr,
    'grad.q': read.gradient,
  };
}

/** The key encoder's move towards the query encoder: parameters `k.pI` towards `q.pI`. */
export async function runMocoMomentum(device: Device, { inputs, attrs }: Case): Promise<Results> {
  const of = (prefix: string) => {
    const arena = createArena();
    for (const [name, tensor] of Object.entries(inputs))
      if (name.startsWith(prefix)) arena.add(name, tensor.shape, floats(tensor, name));
    return arena;
  };
  const [q, k] = [of('q.'), of('k.')];
  const tape = createTape(device.target);
  recordEma(
    tape,
    q,
    k.chunks.map(({ values }) => values),
    attrs.momentum as number,
  );
  (await compile(device, tape)).run();
  const results: Record<string, ArrayLike<number>> = {};
  for (const { parameters } of k.chunks)
    for (const parameter of parameters) results[`output.${parameter.label}`] = await device.read(parameter);
  return results;
}
