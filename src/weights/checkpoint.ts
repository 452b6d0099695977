import type { StoredTensor } from './host-tensor.ts';
import { openSafetensors } from './safetensors.ts';
import type { ByteSource } from './source.ts';
import { isTorchLegacy, isTorchZip, readTorchLegacy, readTorchZip } from './torch.ts';

/** A checkpoint whose tensors are read when they are asked for. */
export interface Checkpoint {
  readonly format: 'safetensors' | 'PyTorch' | 'PyTorch before 1.6';
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Of safetensors alone. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Opens a checkpoint by its content: safetensors, or what `torch.save` writes, of which nothing is executed. Only what says
 * which tensors there are is read.
 * Throws one sentence that names the file where it is none of these, damaged or truncated.
 */
export async function openCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const start = await source.read(0, Math.min(source.size, 4));
  if (isTorchZip(start)) return { format: 'PyTorch', tensors: await readTorchZip(source), metadata: {} };
  if (isTorchLegacy(start))
    return { format: 'PyTorch before 1.6', tensors: await readTorchLegacy(source), metadata: {} };
  return { format: 'safetensors', ...(await openSafetensors(source)) };
}
