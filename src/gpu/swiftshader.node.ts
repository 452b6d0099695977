import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

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

/** Unpacks SwiftShader, which comes with a package from npm, once into a cache. Null where the npm package has none for this machine. */
export function findSwiftShader(): Driver | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const archive = findArchive();
  if (!archive) return null;
  const name = `swiftshader-${statSync(archive.path).size}`;
  const problems: unknown[] = [];
  for (const cache of [
    join(archive.modules, '.cache', 'coin-webgpu'),
    join(tmpdir(), `coin-webgpu-${process.getuid?.()}`),
  ]) {
    const folder = join(cache, name);
    try {
      if (!existsSync(folder)) unpack(archive.path, folder);
      return { manifest: join(folder, 'vk_swiftshader_icd.json'), loader: join(folder, LOADER) };
    } catch (error) {
      problems.push(error);
    }
  }
  throw new Error(`SwiftShader cannot be unpacked: neither node_modules/.cache nor ${tmpdir()} can be written.`, {
    cause: problems[0],
  });
}

function findArchive(): { path: string; modules: string } | null {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium')));
  } catch {
    return null;
  }
  while (dirname(folder) !== folder) {
    const path = join(folder, 'bin', 'swiftshader.tar.br');
    if (existsSync(path)) return { path, modules: dirname(dirname(folder)) };
    folder = dirname(folder);
  }
  return null;
}

/** Unpacks beside the target and renames, so that other processes see the whole folder or none. */
function unpack(archive: string, folder: string): void {
  const temporary = `${folder}.${process.pid}.tmp`;
  mkdirSync(temporary, { recursive: true });
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
