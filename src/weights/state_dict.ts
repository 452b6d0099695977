import type { Device } from '../gpu/device.ts';
import type { StateEntry } from '../nn/store.ts';
import { BYTES, type Chunk, elements, showShape, type Tensor, wholeChunk } from '../tape/tensor.ts';
import { nonFinite } from './finite.ts';
import { type HostTensor, type StoredTensor, tensorOfBytes, toFloat32 } from './host-tensor.ts';
import { isBeside, isLastNorm } from './keys.ts';

import { toEngineLayout, toTorchLayout, toTorchShape } from './layout.ts';
import { type Grid, interpolatePositions, squareGrid } from './pos_embed.ts';

/** Reads lasting tensors from the device as they are; those of a chunk at once. Unsigned numbers come as the I32 of the same bits. */
export async function readTensors(
  device: Device,
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
): Promise<Map<string, HostTensor>> {
  const wanted = [...tensors].map(([name, { storage, shape, dtype }]) => {
    if (!storage) throw new Error(`${name} is no lasting tensor, so it cannot be saved.`);
    return { name, ...storage, shape, dtype };
  });
  const contents = await readChunks(device, new Set(wanted.map(({ chunk }) => chunk)));
  return new Map(
    wanted.map(({ name, chunk, offset, shape, dtype }) => {
      const own = contents.get(chunk)?.slice(offset, offset + elements(shape) * BYTES[dtype]);
      return [name, tensorOfBytes(HOST_TYPES[dtype], shape, new Uint8Array(own as ArrayBuffer))];
    }),
  );
}

/** What is on its way at once, in bytes: a runtime may wait 10 ms for whatever it reads, which staging memory is not worth from here on. */
const TOGETHER = 2 ** 26;

async function readChunks(device: Device, chunks: Iterable<Chunk>): Promise<Map<Chunk, ArrayBuffer>> {
  const contents = new Map<Chunk, ArrayBuffer>();
  let coming: Promise<unknown>[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (bytes + chunk.bytes > TOGETHER) {
      await Promise.all(coming);
      [coming, bytes] = [[], 0];
    }
    coming.push(device.read(wholeChunk(chunk)).then(({ buffer }) => contents.set(chunk, buffer)));
    bytes += chunk.bytes;
  }
  await Promise.all(coming);
  return contents;
}

const HOST_TYPES = { f32: 'F32', i32: 'I32', u32: 'I32', u8: 'U8' } as const;

/** Copies what is not trained, such as running statistics, to a model of the same architecture. */
export async function copyBuffers(
  device: Device,
  from: readonly StateEntry[],
  to: readonly StateEntry[],
): Promise<void> {
  const copy = async ({ tensor }: StateEntry, index: number) => {
    if (!('gradient' in tensor)) device.write((to[index] as StateEntry).tensor, await device.read(tensor));
  };
  await Promise.all(from.map(copy));
}

/** Reads a model from the device as PyTorch would save it: PyTorch's names, order and layouts. */
export async function saveState(device: Device, entries: readonly StateEntry[]): Promise<Map<string, HostTensor>> {
  const state = await readTensors(
    device,
    entries.map(({ name, tensor }) => [name, tensor]),
  );
  for (const { name, layout, tensor } of entries) {
    if (!layout) continue;
    const { data, shape } = toTorchLayout(layout, (state.get(name) as HostTensor).data as Float32Array, tensor.shape);
    state.set(name, { dtype: 'F32', shape, data });
  }
  return state;
}

/** How the tensors of a file and those of a model go together. */
export interface LoadReport {
  /** Names that both have: these tensors were written. */
  readonly matched: string[];
  /** Entries of the model that the file does not have; they keep their values. */
  readonly missing: string[];
  /** Names in the file that the model does not have. */
  readonly unexpected: string[];
  /** Entries of the model that have another shape in the file; they keep their values. */
  readonly misshapen: string[];
}

/**
 * Writes PyTorch-named tensors into a model on the device; of those in a file only the model's are read. `from` names the
 * source in errors. Position embeddings of another square grid are interpolated; a vision transformer whose features come
 * through another norm than the file's keeps the first values of that norm.
 * Throws unless the source has every entry in its shape and nothing else but heads, queues and the like (`isBeside`), before
 * anything is written; with `partial` it loads what matches, and throws only where nothing does. Throws where a value that it
 * would load is no finite number.
 */
export async function loadState(
  device: Device,
  entries: readonly StateEntry[],
  tensors: ReadonlyMap<string, HostTensor | StoredTensor>,
  from: string,
  options: { partial?: boolean } = {},
): Promise<LoadReport> {
  const { report, loaded } = await readState(entries, tensors, from, options);
  for (const { entry, data } of loaded)
    device.write(entry.tensor, entry.layout ? toEngineLayout(entry.layout, data, torchShape(entry)).data : data);
  return report;
}

/** What `loadState` would write, in PyTorch's layouts; throws what it would throw. */
export async function readState(
  entries: readonly StateEntry[],
  tensors: ReadonlyMap<string, HostTensor | StoredTensor>,
  from: string,
  { partial = false }: { partial?: boolean } = {},
): Promise<{ report: LoadReport; loaded: { entry: StateEntry; data: Float32Array }[] }> {
  const report = compareState(entries, tensors);
  const { matched, missing, unexpected, misshapen } = report;
  if (matched.length === 0) {
    const some = [...tensors.keys()].slice(0, 3).join(', ');
    throw new Error(
      `${from} holds none of the model's tensors: the model has ${entries[0]?.name}, ..., the file ${some || 'nothing'}, ....`,
    );
  }
  const otherNorm = missing.some(isLastNorm) && unexpected.some(isLastNorm);
  const counts = (name: string) => !(otherNorm && isLastNorm(name));
  const lacking = missing.filter(counts);
  const strange = unexpected.filter((name) => !isBeside(name) && counts(name));
  if (!partial && lacking.length + misshapen.length + strange.length > 0) {
    const shapes = ([name]: string[]) => {
      const entry = entries.find((candidate) => candidate.name === name);
      return (
        entry &&
        ` ${showShape((tensors.get(entry.name) as StoredTensor).shape)} and not ${showShape(torchShape(entry))}`
      );
    };
    throw new Error(
      `${from} does not fit the model; is it another architecture? ${matched.length} tensors match, ${[
        list(lacking, 'missing'),
        list(misshapen, 'of another shape', shapes(misshapen)),
        list(strange, 'unexpected'),
      ]
        .filter(Boolean)
        .join(', ')}.`,
    );
  }
  const chosen = new Set(matched);
  const loaded: { entry: StateEntry; data: Float32Array }[] = [];
  for (const entry of entries.filter(({ name }) => chosen.has(name))) {
    const tensor = tensors.get(entry.name) as HostTensor | StoredTensor;
    const data = toFloat32('read' in tensor ? await tensor.read() : tensor);
    const value = nonFinite(data);
    if (value !== undefined)
      throw new Error(`${from}: ${entry.name} holds ${value}; a model with such weights computes nothing of use.`);
    loaded.push({ entry, data: onGrid(entry, tensor.shape, data) });
  }
  return { report, loaded };
}

/** Compares the entries of a model with tensors under PyTorch's names, by names and shapes. */
export function compareState(
  entries: readonly StateEntry[],
  tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>,
): LoadReport {
  const report: LoadReport = { matched: [], missing: [], unexpected: [], misshapen: [] };
  for (const entry of entries) {
    const given = tensors.get(entry.name);
    const fits =
      given && (showShape(given.shape) === showShape(torchShape(entry)) || canInterpolate(entry, given.shape));
    report[fits ? 'matched' : given ? 'misshapen' : 'missing'].push(entry.name);
  }
  const known = new Set(entries.map(({ name }) => name));
  report.unexpected.push(...[...tensors.keys()].filter((name) => !known.has(name)));
  return report;
}

/** Whether a file's tensor is position embeddings of this width on another, square grid. */
const canInterpolate = ({ grid, tensor }: StateEntry, shape: readonly number[]): boolean =>
  grid !== undefined && squareGrid(shape) !== undefined && shape.at(-1) === tensor.shape.at(-1);

/** A tensor's values as the entry has them: position embeddings of another grid are interpolated. */
function onGrid({ grid, tensor }: StateEntry, shape: readonly number[], data: Float32Array): Float32Array {
  if (!grid || showShape(shape) === showShape(tensor.shape)) return data;
  const dim = shape.at(-1) as number;
  return interpolatePositions(data, { dim, grid: squareGrid(shape) as Grid, to: grid });
}

/** "3 missing (such as a.weight)". */
const list = (names: readonly string[], what: string, more = ''): string =>
  names.length === 0 ? '' : `${names.length} ${what} (${names.length === 1 ? '' : 'such as '}${names[0]}${more})`;

/** The shape that PyTorch gives an entry. */
export const torchShape = ({ tensor, layout }: StateEntry): number[] =>
  layout ? toTorchShape(layout, tensor.shape) : [...tensor.shape];
