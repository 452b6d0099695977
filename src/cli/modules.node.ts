import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explained } from '../files.node.ts';
import type { Modules } from '../gpu/kernel/compose.ts';
import { modules as built } from '../gpu/kernel/generated/modules.ts';

/** The folder of modules that belongs to this program, or undefined where it was bundled apart from one. */
export function modulesFolder(): string | undefined {
  const folder = fileURLToPath(new URL('../kernels', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** The modules as they are on disk now, edits since the last build included; those of the build where there is no folder. */
export async function readModules(folder: string | undefined = modulesFolder()): Promise<Modules> {
  if (folder === undefined) return built;
  const entries = await explained(`${folder} cannot be read`, () => readdir(folder, { recursive: true }));
  const names = entries.filter((name) => name.endsWith('.wgsl')).sort();
  const read = async (name: string) => [name.replaceAll('\\', '/'), await readFile(join(folder, name), 'utf8')];
  return Object.fromEntries(await Promise.all(names.map(read)));
}

/** A sentence where the modules on disk are not those that this program was built of and runs; undefined where they are. */
export async function staleModules(): Promise<string | undefined> {
  const now = await readModules();
  const paths = [...new Set([...Object.keys(built), ...Object.keys(now)])].sort();
  const [first, ...more] = paths.filter((path) => built[path] !== now[path]);
  if (first === undefined) return undefined;
  const others = more.length > 0 ? ` and ${more.length} more have` : ' has';
  return `note: kernels/${first}${others} changed since the last build, whose kernels are what runs here: npm run build takes them in.`;
}
