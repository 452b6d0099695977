import { lstatSync, mkdtempSync, realpathSync, rmSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;
/** In a folder with this bit, only a file's owner can rename or remove it. */
const STICKY = 0o1000;

/**
 * Whether nobody but this user (and root) can have put anything into a folder, or can exchange it for another: native code is
 * loaded from no other one. It has to be a folder, not a link to one, and those above it are held to the same.
 */
export function isPrivate(folder: string): boolean {
  const user = process.getuid?.();
  const isSafe = ({ uid, mode }: Stats) => (uid === user || uid === 0) && (mode & WRITABLE_BY_OTHERS) === 0;
  const own = lstatSync(folder);
  if (!own.isDirectory() || !isSafe(own)) return false;
  const above = (path: string): string[] => (dirname(path) === path ? [] : [dirname(path), ...above(dirname(path))]);
  return above(realpathSync(folder)).every((path) => {
    const stats = statSync(path);
    return isSafe(stats) || ((stats.mode & STICKY) !== 0 && (stats.uid === user || stats.uid === 0));
  });
}

/** A new folder that only this user can enter, for as long as this program runs. Throws where there can be none. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coin-webgpu-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
