import { createModel, type EncoderOptions, type ModelOptions } from '../nn/model.ts';
import { RESNETS, STEMS } from '../nn/resnet.ts';
import { VITS } from '../nn/vit.ts';
import type { StoredTensor } from './host-tensor.ts';
import { isLastNorm } from './keys.ts';
import { squareGrid } from './pos_embed.ts';
import { compareState } from './state_dict.ts';

/** An encoder as `createModel` takes it, all said. */
export interface Recognized {
  readonly arch: ModelOptions['arch'];
  readonly encoder: EncoderOptions & { readonly channels: number };
}

/**
 * The encoder whose tensors these are, by their names (`encoder.*`) and shapes: each of its own is there, and none of a deeper
 * one. Undefined where it is none that is known. Two stems differ in nothing but a stride: `stem` says which, else it is the
 * architecture's own, else the one without. A vision transformer pools as its last norm says, `fc_norm` or `norm`, unless
 * `global_pool` says otherwise.
 */
export function recognizeEncoder(
  tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>,
  given?: keyof typeof STEMS,
  global_pool?: boolean,
): Recognized | undefined {
  if (tensors.has('encoder.cls_token')) return recognizeViT(tensors, global_pool);
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

function recognizeViT(
  tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>,
  global_pool = tensors.has('encoder.fc_norm.weight'),
): Recognized | undefined {
  const [, channels, patch] = tensors.get('encoder.patch_embed.proj.weight')?.shape ?? [];
  const grid = squareGrid(tensors.get('encoder.pos_embed')?.shape ?? []);
  if (channels === undefined || patch === undefined || !grid) return undefined;
  const encoder = { channels, global_pool, image_size: [grid[0] * patch, grid[1] * patch] as const };
  for (const arch of Object.keys(VITS) as (keyof typeof VITS)[]) {
    if (VITS[arch].patch !== patch) continue;
    const { entries } = createModel({ arch, encoder, seed: 0 }).store;
    const { missing, misshapen, unexpected } = compareState(entries, tensors);
    const isOwn = (name: string) => name.startsWith('encoder.') && !isLastNorm(name);
    if (misshapen.length === 0 && ![...missing, ...unexpected].some(isOwn)) return { arch, encoder };
  }
  return undefined;
}
