// The options that say which encoder sees images of which size, and what they become.
import { type Command, Option } from 'commander';
import { commonSize, type LabelledImages, type Size } from '../data/dataset.ts';
import { encoders, isViT, usualSize } from '../nn/model.ts';
import { STEMS } from '../nn/resnet.ts';
import { VITS } from '../nn/vit.ts';
import { addDataOptions, type DataOptions } from './load_data.ts';
import { belowOne, flagOf, number, positiveInteger } from './options.ts';
import type { Settings } from './setup.ts';
import type { ModelCard } from './weights.ts';

export interface ModelOptions extends DataOptions {
  readonly imageSize?: number;
  readonly arch: Settings['arch'];
  readonly width?: number;
  readonly stem?: keyof typeof STEMS;
  readonly dropPath?: number;
  readonly clsToken?: boolean;
  readonly projection: number;
}

/** Options that say what is trained on what. */
export function addModelOptions(
  command: Command,
  { arch, projection }: Partial<Pick<ModelOptions, 'arch' | 'projection'>>,
): Command {
  return addDataOptions(command)
    .addOption(
      number(
        '--image-size <px>',
        "height and width of views (default: the images'; where they differ, about the median, at most 224; what a vision transformer is made for where its patches do not divide them)",
        positiveInteger,
      ),
    )
    .addOption(new Option('--arch <name>', 'encoder').choices(Object.keys(encoders)).default(arch))
    .addOption(
      number('--width <n>', 'channels of the first stage (default: 64, resnet8 and resnet56: 16)', positiveInteger),
    )
    .addOption(
      new Option('--stem <kind>', 'first convolution (default: imagenet, resnet8: halving, resnet56: small)').choices(
        Object.keys(STEMS),
      ),
    )
    .addOption(number('--drop-path <rate>', "vit: probability that an image skips the last block's branches", belowOne))
    .option('--cls-token', "vit: features are the class token's, not the mean of all others")
    .addOption(number('--projection <n>', "features of the projector's output", positiveInteger, projection));
}

/** `--image-size`; a vision transformer's is its checkpoint's where it is not given, or its usual one where its patches do not divide the images. */
export function imageSizeOf(
  { imageSize }: Pick<ModelOptions, 'imageSize'>,
  arch: Settings['arch'],
  { sizes }: Pick<LabelledImages, 'sizes'>,
  card?: ModelCard,
): number | undefined {
  if (imageSize !== undefined || !isViT(arch)) return imageSize;
  if (card?.encoder.image_size) return Math.max(...card.encoder.image_size);
  const isWhole = commonSize(sizes)?.every((pixels) => pixels % VITS[arch].patch === 0);
  return isWhole ? undefined : Math.max(...usualSize(arch));
}

/** What the options say of an encoder. Throws where its architecture does not read one of them. */
export function encoderOptions(
  options: Pick<ModelOptions, 'width' | 'stem' | 'dropPath' | 'clsToken'>,
  arch: Settings['arch'],
  size: Size | undefined,
): Settings['encoder'] {
  const idle = (isViT(arch) ? (['width', 'stem'] as const) : (['dropPath', 'clsToken'] as const)).find(
    (name) => options[name] !== undefined,
  );
  if (idle) throw new Error(`${flagOf(idle)} has no effect: a ${arch} does not read it; leave it out.`);
  const { width, stem, dropPath, clsToken } = options;
  return {
    ...(stem !== undefined && { stem }),
    ...(width !== undefined && { width }),
    ...(dropPath !== undefined && { drop_path: dropPath }),
    ...(clsToken && { global_pool: false }),
    ...(isViT(arch) && size && { image_size: size }),
  };
}
