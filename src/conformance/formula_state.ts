import type { StateEntry } from '../nn/store.ts';
import { formulaWeight } from '../weights/formula.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { torchShape } from '../weights/state_dict.ts';

/** Formula weights for all entries of a model, in PyTorch's names and layouts. */
export const formulaState = (entries: readonly StateEntry[], salt: number): Map<string, HostTensor> =>
  new Map(
    entries.map((entry) => {
      const shape = torchShape(entry);
      return [entry.name, { dtype: 'F32', shape, data: formulaWeight(entry.name, shape, salt) }];
    }),
  );
