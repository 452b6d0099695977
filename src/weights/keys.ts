// Names of tensors in other people's checkpoints. An encoder's own names are torchvision's and timm's; what wraps it (DataParallel's
// `module.`, MoCo's `encoder_q.`, SupContrast's `encoder.module.`, BYOL's `backbone.`) stands in front of them.

/** Parts of a name that only say in what an encoder was wrapped. */
const WRAPPERS = new Set(['module', 'model', 'encoder', 'encoder_q', 'base_encoder', 'backbone', 'online_encoder']);

/** How names of encoders begin: ResNets of torchvision, vision transformers of timm and MAE. */
const ENCODER = /^(conv1|bn1|layer\d+|cls_token|pos_embed|patch_embed|blocks|norm|fc_norm)(\.|$)/;

/** How all else begins that methods of pre-training and fine-tuning leave in checkpoints. */
const BESIDE =
  /^(fc|heads?|classifier|linear|projector|projection\w*|predictor|prediction\w*|mlp|queue\w*|encoder_k|momentum_\w+|target_\w+|teacher|decoder\w*|mask_token|optimizer|training)(\.|$)/;

/** A name without its wrappers, `module.encoder_q.conv1.weight` as `conv1.weight`. */
function bareName(name: string): string {
  const parts = name.split('.');
  let first = 0;
  while (first < parts.length - 1 && WRAPPERS.has(parts[first] as string)) first++;
  return parts.slice(first).join('.');
}

/** Whether a tensor is a head, a queue, another network's or an optimizer's, which a model of the encoder does without. */
export const isBeside = (name: string): boolean =>
  BESIDE.test(bareName(name)) || /(^|\.)num_batches_tracked$/.test(name);

/**
 * Whether a tensor is the norm behind a vision transformer's blocks: `norm`, or `fc_norm` behind the mean of its tokens, which
 * fine-tuning puts in place of it with first values.
 */
export const isLastNorm = (name: string): boolean => /^(fc_)?norm\./.test(bareName(name));

/**
 * The tensors of a checkpoint that are an encoder's, by their own names, with the names that they have in the file.
 * Throws where two of the file have one name of an encoder.
 */
export function encoderKeys(names: Iterable<string>, file: string): Map<string, string> {
  const keys = new Map<string, string>();
  for (const name of names) {
    const bare = bareName(name);
    if (!ENCODER.test(bare)) continue;
    const other = keys.get(bare);
    if (other !== undefined)
      throw new Error(`${file} holds two encoders: both ${other} and ${name} could be ${bare}; keep one of them.`);
    keys.set(bare, name);
  }
  return keys;
}
