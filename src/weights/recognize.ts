import { createModel, type EncoderOptions, type ModelOptions } from '../nn/model.ts';
import { RESNETS, STEMS } from '../nn/resnet.ts';
import type { StoredTensor } from './host-tensor.ts';
import { compareState } from './state_dict.ts';

/** An encoder as `createModel` takes it, all said. */
export interface Recognized {
  readonly arch: ModelOptions['arch'];
  readonly encoder: EncoderOptions & { readonly channels: number };
}

/**
 * The encoder whose tensors these are, by their names (`encoder.*`) and shapes: each of its own is there, and none of a deeper
 * one. Undefined where it is none that is known. Two stems differ in nothing but a stride: `stem` says which, else it is the
 * architecture's own, else the one without.
 */
export function recognizeEncoder(
  tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>,
  given?: keyof typeof STEMS,
): Recognized | undefined {
  const [width, channels, kernel] = tensors.get('encoder.conv1.weight')?.shape ?? [];
  if (width === undefined || channels === undefined) return undefined;
  const stems = (Object.keys(STEMS) as (keyof typeof STEMS)[]).filter((stem) => STEMS[stem].kernel === kernel);
  for (const arch of Object.keys(RESNETS) as (keyof typeof RESNETS)[]) {
    const stem = stems.find((name) => name === given) ?? stems.find((name) => name === RESNETS[arch].stem) ?? stems[0];
    if (!stem) return undefined;
    const encoder = { width, stem, channels };
    const { missing, misshapen, unexpected } = compareState(
      createModel({ arch, encoder, seed: 0 }).store.entries,
      tensors,
    );
    if (missing.length + misshapen.length === 0 && !unexpected.some((name) => name.startsWith('encoder.layer')))
      return { arch, encoder };
  }
  return undefined;
}
