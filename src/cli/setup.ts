import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { version } from '../../package.json';
import type { Augmentation } from '../data/augment.ts';
import type { ImageSource } from '../data/image_source.ts';
import { allIndices } from '../data/sampler.ts';
import { explained } from '../files.node.ts';
import type { MethodConfig } from '../methods/method.ts';
import type { ModelOptions } from '../nn/model.ts';
import type { Decay } from '../optim/layer_decay.ts';
import type { Leftover, ScheduleOptions } from '../optim/schedule.ts';
import type { Selection } from './best.node.ts';
import type { Weights } from './weights.ts';

/** All that decides a run, but for the method, the data and the weights to start from. */
export interface Settings extends MethodConfig {
  readonly arch: ModelOptions['arch'];
  readonly encoder: NonNullable<ModelOptions['encoder']>;
  readonly projector?: ModelOptions['projector'];
  readonly batch: number;
  readonly accumulate: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly seed: number;
  readonly augmentation: Augmentation;
  /** Views to evaluate; images resized to the size of `augmentation` unless given. */
  readonly evaluation?: Augmentation;
  readonly evaluateEvery: number;
  /** `sgd` unless given. */
  readonly optimizer?: (typeof OPTIMIZERS)[number];
  /** Of SGD; yes unless given. */
  readonly nesterov?: boolean;
  /** Of AdamW. */
  readonly betas?: readonly [number, number];
  /** What decays; all parameters unless given. */
  readonly decay?: Decay;
  /** Of a vision transformer's layers; see `layerDecay`. */
  readonly layer_decay?: number;
  readonly schedule?: ScheduleOptions;
  readonly leftover?: Leftover;
  readonly drop_last?: boolean;
  readonly steps?: number;
  readonly max_norm?: number;
  readonly balanced?: boolean;
  readonly per_class?: number;
  /** Decay of the moving average of weights. */
  readonly ema?: number;
  /** Parts of the model that are not trained, by the beginnings of their names. */
  readonly freeze?: readonly string[];
  /** Whether the model of the best evaluation is taken, and of which. */
  readonly select?: Exclude<Selection, 'last'>;
  /** The share of the training images that is held out. */
  readonly held_out?: number;
}

export const OPTIMIZERS = ['sgd', 'adamw'] as const;

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
    train: ImageSource;
    images: number;
    test?: ImageSource;
    weights?: Weights | undefined;
  },
): Promise<Setup> {
  return {
    version,
    settings,
    data: { ...(await sourceOf(train)), images },
    ...(test && { tested: await sourceOf(test) }),
    ...(weights && { weights: { name: weights.path, sha256: await hashOf(weights.path) } }),
  };
}

/** Images that are hashed at once: not all may fit into memory. */
const HASHED = 1024;

/** Where images came from, and the SHA-256 of all that they are: pixels, sizes, labels and classes. */
export async function sourceOf({ name, channels, sizes, labels, classes, read }: ImageSource): Promise<Source> {
  const hash = createHash('sha256')
    .update(JSON.stringify([channels, classes]))
    .update(sizes);
  const all = allIndices(labels.length);
  for (let from = 0; from < all.length; from += HASHED) hash.update(await read(all.subarray(from, from + HASHED)));
  return { name, sha256: hash.update(labels).digest('hex') };
}

/** The SHA-256 of a checkpoint's file. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await explained(`The weights ${path} cannot be read`, () => pipeline(createReadStream(path), hash));
  return hash.digest('hex');
}
