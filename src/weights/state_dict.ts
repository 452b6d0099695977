import type { Device } from '../gpu/device.ts';
import type { StateEntry } from '../nn/store.ts';
import { type Chunk, elements, showShape, wholeChunk } from '../tape/tensor.ts';
import { type HostTensor, toFloat32 } from './host-tensor.ts';
import { toEngineLayout, toTorchLayout } from './layout.ts';

/** Reads a model from the device as PyTorch would save it: PyTorch's names, order and layouts. */
export async function saveState(device: Device, entries: readonly StateEntry[]): Promise<Map<string, HostTensor>> {
  const chunks = new Map<Chunk, Float32Array>();
  const state = new Map<string, HostTensor>();
  for (const { name, tensor, layout } of entries) {
    if (!tensor.storage) throw new Error(`${name} is no lasting tensor, so it cannot be saved.`);
    const { chunk, offset } = tensor.storage;
    const values = chunks.get(chunk) ?? ((await device.read(wholeChunk(chunk))) as Float32Array);
    chunks.set(chunk, values);
    const data = values.slice(offset / 4, offset / 4 + elements(tensor.shape));
    const { data: permuted, shape } = layout
      ? toTorchLayout(layout, data, tensor.shape)
      : { data, shape: [...tensor.shape] };
    state.set(name, { dtype: 'F32', shape, data: permuted });
  }
  return state;
}

export interface LoadReport {
  readonly matched: string[];
  /** Entries of the model that the file does not have; they keep their values. */
  readonly missing: string[];
  /** Names in the file that the model does not have. */
  readonly unexpected: string[];
}

/**
 * Writes PyTorch-named tensors into a model on the device. `from` names the source in errors.
 * Throws when a shape differs or when no name matches; missing and unexpected names are reported.
 */
export function loadState(
  device: Device,
  entries: readonly StateEntry[],
  tensors: ReadonlyMap<string, HostTensor>,
  from: string,
): LoadReport {
  const matched: string[] = [];
  const missing: string[] = [];
  for (const entry of entries) {
    const { name, tensor, layout } = entry;
    const given = tensors.get(name);
    if (!given) {
      missing.push(name);
      continue;
    }
    const wanted = torchShape(entry);
    if (showShape(given.shape) !== showShape(wanted))
      throw new Error(
        `${from}: ${name} has shape ${showShape(given.shape)}, but the model's has ${showShape(wanted)}; is it another architecture?`,
      );
    const data = toFloat32(given);
    device.write(tensor, layout ? toEngineLayout(layout, data, given.shape).data : data);
    matched.push(name);
  }
  if (matched.length === 0) {
    const some = [...tensors.keys()].slice(0, 3).join(', ');
    throw new Error(
      `${from} holds none of the model's tensors: the model has ${entries[0]?.name}, ..., the file ${some || 'nothing'}, ....`,
    );
  }
  const known = new Set(entries.map(({ name }) => name));
  return { matched, missing, unexpected: [...tensors.keys()].filter((name) => !known.has(name)) };
}

/** The shape that PyTorch gives an entry. */
export const torchShape = ({ tensor, layout }: StateEntry): number[] =>
  layout ? toTorchLayout(layout, new Uint8Array(elements(tensor.shape)), tensor.shape).shape : [...tensor.shape];
