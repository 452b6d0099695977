import { withClassifier } from '../nn/encoder.ts';
import { type EncoderOptions, encoders, isViT } from '../nn/model.ts';
import { createStore } from '../nn/store.ts';
import { elements, showShape } from '../tape/tensor.ts';
import { torchShape } from '../weights/state_dict.ts';
import type { Case, Results } from './case.ts';

/**
 * A network's state dict, name by name in PyTorch's order with PyTorch's shapes, and how much of it is trained. PyTorch's
 * counters `num_batches_tracked` are left out: nothing reads them, and checkpoints here do without.
 */
export async function runStateDict({ attrs }: Pick<Case, 'attrs'>): Promise<Results> {
  const { arch, num_classes, entries, stem, global_pool } = attrs as {
    arch: keyof typeof encoders;
    num_classes: number;
    entries: readonly [name: string, shape: number[]][];
    stem?: NonNullable<EncoderOptions['stem']>;
    global_pool?: boolean;
  };
  if (!Object.hasOwn(encoders, arch)) throw new Error(`the architecture ${arch} is unknown`);
  const store = createStore(0);
  const options = { ...(stem && { stem }), ...(global_pool !== undefined && { global_pool }) };
  withClassifier(store, encoders[arch](store, options), num_classes, isViT(arch) ? 'head' : 'fc');
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
