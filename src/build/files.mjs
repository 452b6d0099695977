import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Paths of all files below `root` that end in `suffix`, sorted, with forward slashes and relative to `root`. */
export function filesBelow(root, suffix) {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true })
    .map((path) => String(path).replaceAll('\\', '/'))
    .filter((path) => path.endsWith(suffix))
    .sort();
}

/** Writes through a temporary file, and only when the text differs, so that watchers and other builds see whole files. */
export function writeIfChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
  return true;
}
