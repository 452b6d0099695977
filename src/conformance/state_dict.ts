import { encoders } from '../nn/model.ts';
import { type ResNetOptions, withClassifier } from '../nn/resnet.ts';
import { createStore } from '../nn/store.ts';
import { elements, showShape } from '../tape/tensor.ts';
import { torchShape } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';

/**
 * A network's state dict, name by name in PyTorch's order with PyTorch's shapes, and how much of it is trained. PyTorch's
 * counters `num_batches_tracked` are left out: nothing reads them, and checkpoints here do without.
 */
export async function runStateDict({ attrs }: Pick<Case, 'attrs'>): Promise<Results> {
  const { arch, num_classes, entries, stem } = attrs as {
    arch: keyof typeof encoders;
    num_classes: number;
    entries: readonly [name: string, shape: number[]][];
    stem?: NonNullable<ResNetOptions['stem']>;
  };
  if (!Object.hasOwn(encoders, arch)) throw new Error(`the architecture ${arch} is unknown`);
  const store = createStore(0);
  withClassifier(store, encoders[arch](store, { ...(stem && { stem }) }), num_classes);
  const own = store.entries.map((entry) => `${entry.name} ${showShape(torchShape(entry))}`);
  const wanted = entries
    .filter(([name]) => !name.endsWith('num_batches_tracked'))
    .map(([name, shape]) => `${name} ${showShape(shape)}`);
  const differs = Array.from({ length: Math.max(own.length, wanted.length) }, (_, i) => i).find(
    (i) => own[i] !== wanted[i],
  );
  if (differs !== undefined)
    throw new Error(`entry ${differs} is ${own[differs] ?? 'missing'}, and ${wanted[differs] ?? 'nothing'} is wanted`);
  const trained = store.entries.filter(({ tensor }) => 'gradient' in tensor);
  return {
    'output.parameters': [trained.reduce((sum, { tensor }) => sum + elements(tensor.shape), 0)],
    'output.tensors': [trained.length],
  };
}
