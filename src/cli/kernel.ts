import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { explained, makeFolder, writeWhole } from '../files.node.ts';
import { compose, type Modules, type Recipe, recipesOf } from '../gpu/kernel/compose.ts';
import { declarationsOf, differences } from '../gpu/kernel/declarations.ts';
import { guarded } from './errors.ts';
import { watchKernel } from './kernel_watch.ts';
import { modulesFolder, readModules } from './modules.node.ts';
import { refuseIdle } from './options.ts';

interface Options {
  readonly write?: string;
  readonly compare?: string;
  readonly watch?: boolean;
  readonly modules?: string;
}

export function addKernel(program: Command): void {
  const kernel = program
    .command('kernel')
    .description('list the kernels and the modules they are made of, or print the WGSL of one')
    .argument('[name]', 'a kernel, such as conv2d/forward_tile, or a family, such as conv2d')
    .option('--write <dir>', 'write the composed text of each kernel to DIR/NAME.wgsl')
    .option('--compare <dir>', 'tell which kernels differ, and in which declarations, from the texts in a folder')
    .option('--watch', 'at each save of a module: check the kernel and the passes that go with it, and time them')
    .option('--modules <dir>', "a folder of modules (default: this program's own kernels/)")
    .action(
      guarded(
        async (name: string | undefined, { write, compare, watch, modules: folder = modulesFolder() }: Options) => {
          const modules = await readModules(folder);
          const chosen = select(modules, name);
          const one = chosen.find((kernel) => kernel.name === name);
          if (watch) {
            if (folder === undefined)
              throw new Error('There is no folder kernels/ beside this program: give --modules.');
            if (!one) throw new Error('--watch wants one kernel by its name, such as conv2d/forward_tile.');
            return watchKernel(one.name, folder);
          }
          if (write !== undefined) return writeAll(modules, chosen, write);
          if (compare !== undefined) return compareAll(modules, chosen, compare);
          if (one) process.stdout.write(compose(one, modules).text);
          else console.log(listing(modules, chosen));
        },
      ),
    );
  refuseIdle(kernel, { idle: { write: ['compare', 'watch'], compare: ['watch'] } });
}

/** The kernel of that name, the kernels of that family, or all. Throws where there are none. */
export function select(modules: Modules, name?: string): Recipe[] {
  const all = Object.entries(modules)
    .flatMap(([path, text]) => recipesOf(path, text))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = all.filter((kernel) => name === undefined || kernel.name === name || familyOf(kernel) === name);
  if (found.length > 0) return found;
  const near = all.filter((kernel) => kernel.name.includes(name?.split('/').at(-1) ?? '')).map((kernel) => kernel.name);
  const families = [...new Set(all.map(familyOf))];
  const known = near.length > 0 ? `there are ${near.join(', ')}` : `families are ${families.join(', ')}`;
  throw new Error(`There is no kernel "${name}"; ${known}.`);
}

const familyOf = ({ name }: Recipe): string => name.split('/')[0] ?? '';

/** A line a kernel: its module with values and flags, and the modules that come with it. */
function listing(modules: Modules, kernels: readonly Recipe[]): string {
  const width = Math.max(...kernels.map(({ name }) => name.length));
  const bare = (path: string) => path.replace(/\.wgsl$/, '');
  const lines = kernels.map((kernel) => {
    const [own = '', ...included] = compose(kernel, modules).modules.map(bare);
    const values = Object.entries(kernel.values).map(([key, value]) => `${key}=${value}`);
    const choices = [...values, ...kernel.flags].join(' ');
    return `${kernel.name.padEnd(width)}  ${own}${choices && ` (${choices})`}: ${included.join(' ') || 'alone'}`;
  });
  return [...lines, `${kernels.length} kernels of ${Object.keys(modules).length} modules`].join('\n');
}

const fileOf = (folder: string, { name }: Recipe): string => join(folder, `${name}.wgsl`);

async function writeAll(modules: Modules, kernels: readonly Recipe[], folder: string): Promise<void> {
  for (const kernel of kernels) {
    const file = fileOf(folder, kernel);
    await explained(`${file} cannot be written`, async () => {
      await makeFolder(dirname(file));
      await writeWhole(file, compose(kernel, modules).text);
    });
  }
  console.log(`${kernels.length} kernels written to ${folder}`);
}

async function compareAll(modules: Modules, kernels: readonly Recipe[], folder: string): Promise<void> {
  let declarations = 0;
  let different = 0;
  for (const kernel of kernels) {
    const file = fileOf(folder, kernel);
    const before = await explained(`${file} cannot be read`, () => readFile(file, 'utf8'));
    const { text } = compose(kernel, modules);
    declarations += declarationsOf(text).size;
    const found = differences(before, text);
    if (found.length === 0) continue;
    different += 1;
    console.log(`${kernel.name}: ${found.join(', ')}`);
  }
  console.log(`${kernels.length} kernels with ${declarations} declarations compared, ${different} differ`);
  if (different > 0) process.exitCode = 1;
}
