// A checkpoint as MoCo v2 saves one after pre-training a ResNet-50, at full size, and what its encoder must make of a golden case.
import { compare, parseCase, toleranceOf } from '../../src/conformance/case.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { createTape } from '../../src/tape/tape.ts';
import { openCheckpoint } from '../../src/weights/checkpoint.ts';
import { formulaWeight } from '../../src/weights/formula.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { encoderKeys } from '../../src/weights/keys.ts';
import { toEngineLayout } from '../../src/weights/layout.ts';
import type { ByteSource } from '../../src/weights/source.ts';
import { loadState, torchShape } from '../../src/weights/state_dict.ts';
import type { TorchTensor, TorchValue } from './torch_file.ts';

const SALT = 7;

const resnet50 = () => createModel({ arch: 'resnet50', seed: 0 });

const f32 = (shape: readonly number[], values: () => Float32Array): TorchTensor => ({
  ...{ dtype: 'F32', shape },
  bytes: () => new Uint8Array(values().buffer),
});
/** What no encoder is made of. */
const other = (shape: readonly number[]) =>
  f32(shape, () => new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(-3));
const counter = (): TorchTensor => ({ dtype: 'I64', shape: [], bytes: () => new Uint8Array(8) });

/** encoder_q with the formula weights of the golden case, encoder_k, heads, the queue of 65,536 keys, and SGD's momentum: 371 MB. */
export function mocoCheckpoint(): TorchValue {
  const entries = resnet50().store.entries.map(
    (entry) => [entry.name.replace('encoder.', ''), torchShape(entry)] as const,
  );
  const network = (prefix: string, weights: (name: string, shape: readonly number[]) => TorchTensor) => [
    ...entries.flatMap(([name, shape]): [string, TorchValue][] => [
      [`${prefix}.${name}`, weights(name, shape)],
      ...(name.endsWith('running_var')
        ? [[`${prefix}.${name.replace('running_var', 'num_batches_tracked')}`, counter()] as [string, TorchValue]]
        : []),
    ]),
    ...[
      ['fc.0.weight', [2048, 2048]],
      ['fc.0.bias', [2048]],
      ['fc.2.weight', [128, 2048]],
      ['fc.2.bias', [128]],
    ].map(([name, shape]): [string, TorchValue] => [`${prefix}.${name}`, other(shape as number[])]),
  ];
  const momentum = entries.filter(([name]) => !name.includes('running')).map(([, shape]) => other(shape));
  return {
    epoch: 800,
    arch: 'resnet50',
    state_dict: Object.fromEntries([
      ...network('module.encoder_q', (name, shape) => f32(shape, () => formulaWeight(name, shape, SALT))),
      ...network('module.encoder_k', (_, shape) => other(shape)),
      ['module.queue', other([128, 65536])],
      ['module.queue_ptr', { dtype: 'I64', shape: [1], bytes: () => new Uint8Array(8) }],
    ]),
    optimizer: { state: Object.fromEntries(momentum.map((buffer, i) => [`${i}`, { momentum_buffer: buffer }])) },
  };
}

/** Reads the encoder alone. */
export async function readEncoder(source: ByteSource): Promise<Map<string, HostTensor>> {
  const { tensors } = await openCheckpoint(source);
  const read = new Map<string, HostTensor>();
  for (const [bare, key] of encoderKeys(tensors.keys(), source.name))
    if (!bare.endsWith('num_batches_tracked')) read.set(`encoder.${bare}`, await tensors.get(key)!.read());
  return read;
}

/** Puts it on a device. */
export async function loadEncoder(device: Device, tensors: ReadonlyMap<string, HostTensor>): Promise<Model> {
  const model = resnet50();
  await loadState(device, model.store.entries, tensors, 'the checkpoint');
  return model;
}

/** How far the logits that follow from the encoder's features are from those of the golden case, and how far they may be. */
export async function compareFeatures(device: Device, { encoder }: Model, bytes: Uint8Array) {
  const golden = parseCase('model_resnet50', bytes);
  const { x } = golden.inputs as { x: HostTensor };
  const { data, shape } = toEngineLayout('activation', x.data as Float32Array<ArrayBuffer>, x.shape);
  const tape = createTape(device.target, { grad: false });
  tape.output('features', encoder.forward(tape, tape.input('x', shape), false));
  const { features } = await (await compile(device, tape)).run({ x: data }, ['features']).read();
  const [classes, dim] = [golden.attrs.num_classes as number, encoder.dim];
  const weight = formulaWeight('fc.weight', [classes, dim], SALT);
  const bias = formulaWeight('fc.bias', [classes], SALT);
  const logits = Array.from({ length: (shape[0] as number) * classes }, (_, i) => {
    const [row, c] = [Math.floor(i / classes), i % classes];
    let sum = bias[c] as number;
    for (let p = 0; p < dim; p++) sum += (weight[c * dim + p] as number) * (features[row * dim + p] as number);
    return sum;
  });
  return compare(logits, golden.outputs.logits_eval!.data as Float32Array, toleranceOf(golden, 'output.logits_eval'));
}
