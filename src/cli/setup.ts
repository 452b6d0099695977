import { createHash } from 'node:crypto';
import { version } from '../../package.json';
import type { LabelledImages } from '../data/dataset.ts';
import type { Settings } from './fine_tune.ts';
import type { Weights } from './weights.ts';

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

export function setupOf(
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
): Setup {
  return {
    version,
    settings,
    data: { ...sourceOf(train), images },
    ...(test && { tested: sourceOf(test) }),
    ...(weights && { weights: { name: weights.path, sha256: weights.sha256 } }),
  };
}

const sourceOf = ({ name, shape, pixels, labels, classes }: LabelledImages): Source => ({
  name,
  sha256: createHash('sha256')
    .update(JSON.stringify([shape, classes]))
    .update(pixels)
    .update(labels)
    .digest('hex'),
});
