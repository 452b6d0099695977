import { readFile } from 'node:fs/promises';
import { explained } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import { encoders, type Model, type ModelOptions } from '../nn/model.ts';
import { STEMS } from '../nn/resnet.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { type LoadReport, loadState } from '../weights/state_dict.ts';

/** A checkpoint in memory. */
export interface Weights {
  readonly path: string;
  /** Under this project's names: `encoder.*`, `projector.*`, `classifier.weight`. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors checkpoint. Names without a known part in front (torchvision's own) are taken for an encoder's.
 * Throws in one sentence when the file is missing or no checkpoint.
 */
export async function readWeights(path: string): Promise<Weights> {
  const bytes = await explained(`The weights ${path} cannot be read`, () => readFile(path));
  const { tensors, metadata } = readSafetensors(new Uint8Array(bytes), path);
  const known = /^(encoder|projector|classifier)\./;
  const bare = ![...tensors.keys()].some((name) => known.test(name));
  return { path, metadata, tensors: bare ? new Map([...tensors].map(([name, t]) => [`encoder.${name}`, t])) : tensors };
}

/** What a checkpoint says of its own encoder; undefined where it says nothing. */
export function encoderOf({ metadata, path }: Weights): Pick<ModelOptions, 'arch' | 'encoder'> | undefined {
  const { arch, width, stem, channels } = metadata;
  if (arch === undefined) return undefined;
  if (!(arch in encoders) || (stem !== undefined && !(stem in STEMS)))
    throw new Error(`${path} holds a ${arch} with stem ${stem}, which this version does not know.`);
  return {
    arch: arch as ModelOptions['arch'],
    encoder: {
      ...(width && { width: Number(width) }),
      ...(stem && { stem: stem as keyof typeof STEMS }),
      ...(channels && { channels: Number(channels) }),
    },
  };
}

/** Loads the parts of a model whose names begin with one of `parts`. Throws unless the file has all of them. */
export function loadParts(
  device: Device,
  { store }: Model,
  { tensors, path }: Weights,
  parts: readonly string[],
): LoadReport {
  const wanted = store.entries.filter(({ name }) => parts.some((part) => name.startsWith(`${part}.`)));
  const report = loadState(device, wanted, tensors, path);
  if (report.missing.length > 0)
    throw new Error(
      `${path} lacks ${report.missing.length} tensors of the model, ${report.missing[0]} for one; is it another architecture?`,
    );
  return report;
}
