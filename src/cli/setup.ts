import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { version } from '../../package.json';
import type { Augmentation } from '../data/augment.ts';
import type { LabelledImages } from '../data/dataset.ts';
import { explained } from '../files.node.ts';
import type { MethodConfig } from '../methods/method.ts';
import type { ModelOptions } from '../nn/model.ts';
import type { ScheduleOptions } from '../optim/schedule.ts';
import type { Weights } from './weights.ts';

/** All that decides a run, but for the method, the data and the weights to start from. */
export interface Settings extends MethodConfig {
  readonly arch: ModelOptions['arch'];
  readonly encoder: NonNullable<ModelOptions['encoder']>;
  readonly projector: NonNullable<ModelOptions['projector']>;
  readonly batch: number;
  readonly accumulate: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly seed: number;
  readonly augmentation: Augmentation;
  readonly evaluateEvery: number;
  /** How images are evaluated; only resized unless given. */
  readonly view?: Augmentation;
  /** SGD unless given. */
  readonly optimizer?: 'sgd' | 'adamw';
  /** Of SGD; yes unless given. */
  readonly nesterov?: boolean;
  /** Of AdamW. */
  readonly betas?: readonly [number, number];
  readonly schedule?: ScheduleOptions;
  readonly drop_last?: boolean;
}

/** What a run was made from, in its log and beside its results: enough to make it again, and to see that it is the same. */
export interface Setup {
  /** Of this program. */
  readonly version: string;
  readonly settings: Settings;
  /** Training images: of `name`, as many as `images`. */
  readonly data: Source & { readonly images: number };
  readonly tested?: Source;
  /** The checkpoint that training started from. */
  readonly weights?: Source;
}

/** Where something came from, and the SHA-256 of what it was. */
interface Source {
  readonly name: string;
  readonly sha256: string;
}

export async function setupOf(
  settings: Settings,
  {
    train,
    images,
    test,
    weights,
  }: {
    train: LabelledImages;
    images: number;
    test?: LabelledImages;
    weights?: Weights | undefined;
  },
): Promise<Setup> {
  return {
    version,
    settings,
    data: { ...sourceOf(train), images },
    ...(test && { tested: sourceOf(test) }),
    ...(weights && { weights: { name: weights.path, sha256: await hashOf(weights.path) } }),
  };
}

const sourceOf = ({ name, channels, sizes, pixels, labels, classes }: LabelledImages): Source => ({
  name,
  sha256: createHash('sha256')
    .update(JSON.stringify([channels, classes]))
    .update(sizes)
    .update(pixels)
    .update(labels)
    .digest('hex'),
});

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await explained(`The weights ${path} cannot be read`, () => pipeline(createReadStream(path), hash));
  return hash.digest('hex');
}
