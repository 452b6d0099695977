import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { isPrivate, temporaryFolder } from './private_folder.node.ts';
import { userCache } from './tune/store.node.ts';

/** A software driver for Vulkan and a way to reach it. */
export interface Driver {
  /** The manifest that names SwiftShader to a Vulkan loader. */
  manifest: string;
  /** A Vulkan loader for systems that have none. */
  loader: string;
}

/** The name by which every program on Linux opens the Vulkan loader. */
export const LOADER = 'libvulkan.so.1';

/** Loads a shared library into this process for good, by path or as the system finds it; false when that fails. */
export function openLibrary(path: string): boolean {
  const RTLD_NOW = 2;
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_NODELETE);
    return true;
  } catch (error) {
    // Node expects an addon and says so once the library is loaded; any other message means that it is not.
    return /did not self-register/.test(String(error));
  }
}

/** The package from npm that brings SwiftShader. */
export const SWIFTSHADER_PACKAGE = '@sparticuz/chromium@147.0.0';

/** Whether there is a SwiftShader for this machine in the package from npm. */
export const hasSwiftShader = process.platform === 'linux' && process.arch === 'x64';

let unpacked: Driver | undefined;

/**
 * Unpacks SwiftShader into the user's cache, or, where others could write there, anew for this program alone.
 * Null where there is none for this machine, or its package is not installed. Throws where it can be unpacked nowhere.
 */
export function findSwiftShader(): Driver | null {
  if (!hasSwiftShader) return null;
  const archive = findArchive();
  if (!archive) return null;
  unpacked ??= unpackedFrom(archive);
  return unpacked;
}

function unpackedFrom(archive: string): Driver {
  const caches = userCache();
  const problems: unknown[] = [];
  for (const place of [
    () => {
      const folder = join(caches, `swiftshader-${statSync(archive).size}`);
      if (!existsSync(folder)) unpack(archive, folder);
      if (!isPrivate(folder)) throw new Error(`Others than this user can write to ${folder}.`);
      return folder;
    },
    () => {
      const folder = join(temporaryFolder(), 'swiftshader');
      unpack(archive, folder);
      return folder;
    },
  ])
    try {
      const folder = place();
      if (folder.includes(delimiter)) throw new Error(`A list of drivers cannot name ${folder}.`);
      return { manifest: join(folder, 'vk_swiftshader_icd.json'), loader: join(folder, LOADER) };
    } catch (error) {
      problems.push(error);
    }
  throw new Error(
    `SwiftShader cannot be unpacked: neither ${caches} nor ${tmpdir()} can be written and has a path without "${delimiter}"; name another folder with COIN_CACHE.`,
    { cause: problems[0] },
  );
}

function findArchive(): string | null {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium')));
  } catch {
    return null;
  }
  while (dirname(folder) !== folder) {
    const path = join(folder, 'bin', 'swiftshader.tar.br');
    if (existsSync(path)) return path;
    folder = dirname(folder);
  }
  return null;
}

/** Unpacks beside the target and renames, so that other processes see the whole folder or none. */
function unpack(archive: string, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(`${folder}.`);
  try {
    for (const { name, data } of readTar(brotliDecompressSync(readFileSync(archive)))) {
      if (/^libvk_swiftshader\.so$|^libvulkan\.so\.1$|\.json$/.test(name)) writeFileSync(join(temporary, name), data);
    }
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(folder)) throw error;
  }
}

function* readTar(tar: Buffer): Generator<{ name: string; data: Buffer }> {
  const BLOCK = 512;
  for (let offset = 0; offset < tar.length; ) {
    const text = (start: number, length: number) =>
      tar.toString('latin1', offset + start, offset + start + length).replace(/\0.*/s, '');
    const name = text(0, 100).replace(/^\.\//, '');
    if (name === '') return;
    const size = Number.parseInt(text(124, 12), 8);
    yield { name, data: tar.subarray(offset + BLOCK, offset + BLOCK + size) };
    offset += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
}
