import { type Composed, compose, type Modules, type Recipe, recipesOf, testsOf } from '../gpu/kernel/compose.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { reflectKernel } from '../gpu/kernel/reflect.ts';

/** The typed index of all kernels, and a sentence for each thing that is wrong with the modules. */
export interface Index {
  /** `src/gpu/kernel/generated.ts`, without the kernels that could not be made. */
  readonly text: string;
  readonly errors: readonly string[];
}

/** What a compiler has against a kernel's text. */
export type Compile = (kernel: string, composed: Composed) => Promise<Error | undefined>;

/**
 * Composes, compiles (where there is a compiler) and reflects every kernel that the modules make, and checks that nothing in
 * the modules is without effect.
 */
export async function indexKernels(modules: Modules, compile?: Compile): Promise<Index> {
  const { errors, note } = mistakes();
  const recipes: Recipe[] = [];
  for (const [path, text] of Object.entries(modules))
    try {
      recipes.push(...recipesOf(path, text));
    } catch (error) {
      note(error);
    }
  // A flag that no kernel has turns modules into other ones, whose mistakes would only hide it.
  const flags = new Set(recipes.flatMap((recipe) => recipe.flags));
  const tests = errors().length > 0 ? [] : Object.entries(modules).flatMap(([path, text]) => testsOf(path, text));
  for (const test of tests) if (!flags.has(test.flag)) note(unknownFlag(test));
  const isReadable = errors().length === 0;
  const made = new Map<string, { kernel: Kernel; composed: Composed }>();
  for (const recipe of recipes)
    try {
      const before = made.get(recipe.name)?.kernel.path;
      if (before) throw new Error(`kernels/${recipe.path}: the kernel ${recipe.name} is made in kernels/${before} too`);
      const composed = compose(recipe, modules);
      const found = isReadable ? await compile?.(recipe.name, composed) : undefined;
      if (found) throw found;
      made.set(recipe.name, { kernel: { ...recipe, ...reflectKernel(composed) }, composed });
    } catch (error) {
      if (isReadable) note(error, recipe);
    }
  const kernels = [...made.values()];
  // What could not be composed would make its modules look unused.
  if (errors().length === 0)
    for (const error of withoutEffect(
      modules,
      kernels.map(({ kernel, composed }) => ({ ...kernel, modules: composed.modules })),
    ))
      note(error);
  const sorted = kernels.map(({ kernel }) => kernel).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { text: indexText(modules, sorted), errors: errors() };
}

/** A mistake in a shared module breaks many kernels, but it is made, and told, at one place. */
function mistakes() {
  const byPlace = new Map<string, string>();
  return {
    errors: (): readonly string[] => [...byPlace.values()],
    note(error: unknown, kernel?: Recipe): void {
      const { message } = error as Error;
      const told = !kernel || message.includes(kernel.name) ? message : `${message} (in ${kernel.name})`;
      const place = /^kernels\/\S+?:\d+/.exec(told)?.[0] ?? told;
      if (!byPlace.has(place)) byPlace.set(place, told);
    },
  };
}

/** Modules that no kernel includes, flags that no kernel has, and flags and values of kernels that nothing asks for. */
function* withoutEffect(
  modules: Modules,
  kernels: readonly (Recipe & { readonly modules: readonly string[] })[],
): Generator<Error> {
  const tests = new Map(Object.entries(modules).map(([path, text]) => [path, testsOf(path, text)]));
  for (const [path, own] of tests) {
    const users = kernels.filter((kernel) => kernel.modules.includes(path));
    if (users.length === 0) yield new Error(`kernels/${path}:1: no kernel includes this module`);
    const flags = new Set(users.flatMap((kernel) => kernel.flags));
    for (const test of own) if (users.length > 0 && !flags.has(test.flag)) yield unknownFlag(test);
  }
  for (const { name, path, flags, values, modules: included } of kernels) {
    const tested = new Set(included.flatMap((module) => tests.get(module)?.map(({ flag }) => flag) ?? []));
    const text = included.map((module) => modules[module]).join('\n');
    for (const flag of flags)
      if (!tested.has(flag)) yield new Error(`kernels/${path}: no module of ${name} tests its flag ${flag}`);
    for (const key of Object.keys(values))
      if (!text.includes(`{${key}}`)) yield new Error(`kernels/${path}: no @include of ${name} asks for its ${key}=`);
  }
}

const unknownFlag = ({ flag, where }: { flag: string; where: string }): Error =>
  new Error(`${where}: no kernel that includes this module has the flag ${flag}`);

function indexText(modules: Modules, kernels: readonly Kernel[]): string {
  const identifier = (path: string) => path.replace(/\.wgsl$/, '').replace(/\W/g, '_');
  const union = (names: readonly string[]) => names.map((name) => `'${name}'`).join(' | ') || 'never';
  const typeOf = ({ bindings, uniforms, constants }: Kernel) =>
    `Kernel<${union(bindings.map(({ name }) => name))}, ${union(Object.keys(uniforms?.fields ?? {}))}, ${union(Object.keys(constants))}>`;
  const entryOf = (kernel: Kernel) => {
    const fields = Object.entries(kernel).map(([key, field]) => `    ${key}: ${JSON.stringify(field)},`);
    return `  '${kernel.name}': {\n${fields.join('\n')}\n  },`;
  };
  const paths = Object.keys(modules);
  return [
    '// generated by build.mjs from kernels/**/*.wgsl: do not edit',
    ...paths.map((path) => `import ${identifier(path)} from '../../../kernels/${path}' with { type: 'text' };`),
    "import type { Modules } from './compose.ts';",
    "import type { Kernel } from './kernel.ts';",
    '',
    '/** Every module by its path below `kernels/`. */',
    'export const modules: Modules = {',
    ...paths.map((path) => `  '${path}': ${identifier(path)},`),
    '};',
    '',
    '/** Every kernel by FAMILY/NAME, with the names it binds, its uniforms and its tunable constants. */',
    'export interface Kernels {',
    ...kernels.map((kernel) => `  readonly '${kernel.name}': ${typeOf(kernel)};`),
    '}',
    '',
    'export const kernels: Kernels = {',
    ...kernels.map(entryOf),
    '};',
    '',
  ].join('\n');
}
