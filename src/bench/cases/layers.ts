import type { Target } from '../../gpu/kernel/target.ts';
import type { Encoder } from '../../nn/encoder.ts';
import { type ResNetOptions, resnet18, resnet50 } from '../../nn/resnet.ts';
import type { Store } from '../../nn/store.ts';
import { type Arena, createArena } from '../../tape/parameter.ts';
import { createTape, type OpRecord } from '../../tape/tape.ts';
import { type Shape, variable } from '../../tape/tensor.ts';

/** An op of a network as it was recorded, and the networks that have it. */
export interface Layer {
  readonly op: string;
  /** Of its inputs, by name. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly output: Shape;
  readonly tags: string[];
}

const NETWORKS: readonly { tags: string[]; size: number; make(store: Store): Encoder }[] = [
  { tags: ['resnet18', '224px'], size: 224, make: (store) => resnet18(store) },
  { tags: ['resnet50', '224px'], size: 224, make: (store) => resnet50(store) },
  { tags: ['resnet18', '32px'], size: 32, make: (store) => resnet18(store, SMALL) },
  { tags: ['resnet50', '32px'], size: 32, make: (store) => resnet50(store, SMALL) },
];
const SMALL: Partial<ResNetOptions> = { stem: 'small' };

/** The distinct layers of the ResNets for photographs and for small images, found by recording the models. */
export function resnetLayers(batchOf: (size: number) => number): Layer[] {
  const layers = new Map<string, Layer>();
  for (const { tags, size, make } of NETWORKS) {
    const { forward, channels } = make(shapesOnly());
    const tape = createTape(ANY_TARGET);
    forward(tape, tape.input('images', [batchOf(size), size, size, channels]), true);
    for (const record of tape.records) {
      const layer = layerOf(record);
      const key = JSON.stringify(layer);
      const known = layers.get(key) ?? layer;
      known.tags.push(...tags.filter((tag) => !known.tags.includes(tag)));
      layers.set(key, known);
    }
  }
  return [...layers.values()];
}

const layerOf = ({ op, inputs, output }: OpRecord): Layer => ({
  op,
  shapes: Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])),
  output: output.shape,
  tags: [],
});

/** A store whose parameters have no values: only their shapes are wanted. */
function shapesOnly(): Store {
  const arena: Arena = createArena();
  const store: Store = {
    ...{ arena, entries: [], name: '' },
    scope: () => store,
    parameter: (name, shape) => ({
      ...variable(name, shape),
      requiresGrad: true,
      gradient: variable(`${name}.grad`, shape),
    }),
    buffer: (name, shape) => variable(name, shape),
  };
  return store;
}

/** What is recorded here never runs. */
const ANY_TARGET: Target = {
  ...{ kind: 'cpu', name: 'any adapter', features: new Set(), subgroupSize: 0 },
  limits: {
    maxBufferSize: Number.POSITIVE_INFINITY,
    maxStorageBufferBindingSize: Number.POSITIVE_INFINITY,
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    minStorageBufferOffsetAlignment: 256,
  },
};
