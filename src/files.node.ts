// Files on disk: written whole or not at all, and what the file system refuses said in a sentence.
import { mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const NOT_PERMITTED = 'that is not permitted; change the permissions or take another path';
const NO_FOLDER = 'a file is in the way of its folder; take another path';
const TOO_MANY = 'too many files are open; close programs, or raise the limit with "ulimit -n"';
const FULL = 'make room or take another path';

/** What the file system's codes mean, and what to do about them. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: NOT_PERMITTED,
  EBUSY: 'another program holds it; wait for that one or take another path',
  EDQUOT: `the disk quota is used up; ${FULL}`,
  EEXIST: NO_FOLDER,
  EFBIG: 'it is larger than the file system allows; take a path on another one',
  EIO: 'the disk fails to read or write; copy what it holds and take a path on another one',
  EISDIR: 'it is a folder; name a file',
  ELOOP: 'its links lead in a circle; take another path',
  EMFILE: TOO_MANY,
  ENAMETOOLONG: 'its name is too long; take a shorter one',
  ENFILE: TOO_MANY,
  ENOENT: 'it does not exist; check the path',
  ENOSPC: `the disk is full; ${FULL}`,
  ENOTDIR: NO_FOLDER,
  EPERM: NOT_PERMITTED,
  EROFS: 'the file system is read-only; take another path',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB, and Node reads no more at once; take a smaller one',
};

/** The code of an error of the system, such as `ENOENT`; empty for other errors. */
export const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException | undefined)?.code ?? '');

/** Why the file system refused and what to do, as the end of a sentence. */
export const reason = (error: unknown): string => REASONS[codeOf(error)] ?? (error as Error).message;

/**
 * Does something to a file.
 * @param refusal what to say where that fails, without the reason: "The log runs/coin.jsonl cannot be written".
 * @throws that sentence with the reason and what to do, the system's error as its cause.
 */
export async function explained<T>(refusal: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new Error(`${refusal}: ${reason(cause)}.`, { cause });
  }
}

/**
 * Writes a file so that a reader, a crash or a full disk never leaves half of one: beside its place first, then renamed.
 * Links are followed; devices and pipes are written to where they are. Throws the file system's errors, and the file is
 * then as it was before.
 */
export async function writeWhole(path: string, data: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const place = await realpath(path).catch(() => path);
  const there = await stat(place).catch(() => undefined);
  if (there && !there.isFile() && !there.isDirectory()) return writeFile(place, data);
  // Two programs that write the same file do not write the same part.
  const part = `${place}.${process.pid}.part`;
  try {
    const file = await open(part, 'w');
    try {
      await writeFile(file, data);
      // Else a power cut could leave the new name with nothing in it.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, place);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Makes a folder and those above it. Throws the file system's errors; Node's own recursion calls a read-only place missing. */
export async function makeFolder(path: string): Promise<void> {
  const make = () =>
    mkdir(path).catch(async (error) => {
      const isThere = await stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      );
      if (!isThere) throw error;
    });
  await make().catch(async (error) => {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await make();
  });
}
