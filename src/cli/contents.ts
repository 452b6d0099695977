// Data sets and checkpoints by what they hold, wherever they lie.
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { embeddedFolder, openDataset } from '../data/load.node.ts';
import type { Cell, Content } from '../reproduce/cell.ts';
import { dataTitle } from '../reproduce/experiment.ts';
import type { Places } from '../reproduce/plan.ts';
import { tellProgress } from './load_data.ts';
import { hashOf, sourceOf } from './setup.ts';

/** The checkpoint that comes with the embedded images. */
export const embeddedWeights = (): string => join(dirname(embeddedFolder()), 'simclr.safetensors');

const contents = new Map<string, Promise<string>>();

/**
 * The SHA-256 of what a data set is, both of its parts, as it is loaded for views up to 224 px: whatever its folder is called, and whether
 * it is packed. Without a path of the embedded images. Each is read once.
 */
export function contentOf(path?: string): Promise<string> {
  const place = path === undefined ? '' : resolve(path);
  const known = contents.get(place);
  if (known) return known;
  const content = hashOfData(path ?? embeddedFolder());
  contents.set(place, content);
  // What cannot be read now may be mended.
  content.catch(() => contents.delete(place));
  return content;
}

async function hashOfData(path: string): Promise<string> {
  const { train, test, close } = await openDataset(path, { onProgress: tellProgress() });
  try {
    const parts = [(await sourceOf(train)).sha256, (await sourceOf(test)).sha256];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  } finally {
    await close();
  }
}

/** Where to look besides what comes with this program. */
export interface Searched {
  /** Data sets, or folders that have some by their names. */
  readonly data: readonly string[];
  /** Checkpoints, or folders of some. */
  readonly weights: readonly string[];
}

/**
 * Finds a cell's data and weights by what they hold.
 * @returns where they are, or, of what is not there, a sentence's end that says what is missing and where was looked.
 */
export async function find({ data, weights }: Cell, searched: Searched): Promise<Places | { missing: string }> {
  const told = (name: string, { sha256 }: Content, looked: readonly string[]) =>
    `${name} (SHA-256 ${sha256.slice(0, 12)}…; ${looked.join(', ') || 'no place to look was given'})`;
  const missing: string[] = [];
  const isEmbedded = data.name === 'embedded' && (await contentOf()) === data.sha256;
  const folders = searched.data.flatMap((path) => [join(path, data.name), path]);
  const images = isEmbedded ? undefined : await first(folders, data.sha256, contentOf);
  const besides = data.name === 'embedded' ? ['the embedded one is another'] : [];
  if (images && 'looked' in images) missing.push(told(dataTitle(data.name), data, [...besides, ...images.looked]));
  const files = weights && (await filesOf([embeddedWeights(), ...searched.weights], weights.name));
  const file = files && (await first(files, weights.sha256, hashOfFile));
  if (weights && file && 'looked' in file) missing.push(told(weights.name, weights, file.looked));
  if (missing.length > 0) return { missing: missing.join(' and ') };
  return {
    ...(images && 'path' in images && { data: images.path }),
    ...(file && 'path' in file && { weights: file.path }),
  };
}

/** The first path with a content; else what was found at each. */
async function first(
  paths: readonly string[],
  sha256: string,
  contentOf: (path: string) => Promise<string>,
): Promise<{ path: string } | { looked: readonly string[] }> {
  const looked: string[] = [];
  for (const path of new Set(paths.map((path) => resolve(path)))) {
    const isThere = await stat(path).catch(() => undefined);
    const content = isThere && (await contentOf(path).catch(() => 'unreadable'));
    if (content === sha256) return { path };
    if (content !== undefined) looked.push(`${path} holds ${content === 'unreadable' ? 'no such thing' : 'another'}`);
    else looked.push(`${path} is not there`);
  }
  return { looked };
}

const CHECKPOINT = /\.(safetensors|pth|pt|tar|bin|ckpt)$/;

/** Files, and the checkpoints that lie in folders; those with a name come first. */
async function filesOf(paths: readonly string[], name: string): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const names = await readdir(path).catch(() => undefined);
    files.push(...(names ? names.filter((file) => CHECKPOINT.test(file)).map((file) => join(path, file)) : [path]));
  }
  const isNamed = (path: string) => basename(path) === name;
  return [...files.filter(isNamed), ...files.filter((path) => !isNamed(path))];
}

const hashes = new Map<string, Promise<string>>();

/** The SHA-256 of a file, which is read again only where it has changed. */
async function hashOfFile(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  const key = `${path}:${size}:${mtimeMs}`;
  const hash = hashes.get(key) ?? hashOf(path);
  hashes.set(key, hash);
  return hash;
}
