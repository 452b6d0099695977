import { compose, type Modules, type Recipe, recipesOf } from './compose.ts';
import {
  lib_elementwise_wgsl,
  lib_grid_wgsl,
  lib_nan_wgsl,
  lib_rows_wgsl,
  lib_value_wgsl,
  lib_workgroup_sum_wgsl,
} from './generated/modules.ts';
import type { Kernel } from './kernel.ts';
import type { BindingsIn, ConstantsIn, UniformsIn } from './names.ts';
import { reflectKernel } from './reflect.ts';

/** Modules of this package that kernels from outside may include; a few hundred bytes each. */
const LIBRARY: Modules = {
  'lib/elementwise.wgsl': lib_elementwise_wgsl,
  'lib/grid.wgsl': lib_grid_wgsl,
  'lib/nan.wgsl': lib_nan_wgsl,
  'lib/rows.wgsl': lib_rows_wgsl,
  'lib/value.wgsl': lib_value_wgsl,
  'lib/workgroup_sum.wgsl': lib_workgroup_sum_wgsl,
};

/**
 * A kernel of one's own, for `tape.dispatch`, which is then held to its bindings, uniforms and `@tune` constants by name, as this
 * package's own are. `modules` is its WGSL, or several texts by paths that begin with `./`, of which the first is the kernel's and
 * `@include`s the others; any may include `lib/elementwise.wgsl`, `grid`, `nan`, `rows`, `value` and `workgroup_sum` of this package. A module
 * that has `@kernel` lines makes the kernel of that name with its flags. Where TypeScript knows the text, wrong names do not compile.
 * Throws `FILE:LINE:COLUMN: why` where modules do not fit together or break the rules of kernels: one entry point `main`, at most 8
 * storage buffers of 32-bit numbers in group 0, and as uniforms only `@group(0) @binding(0) var<uniform> params`, a struct of numbers.
 * What a compiler has against it is told in the same way when a program is compiled.
 */
export function defineKernel<const T extends string>(
  name: string,
  modules: T,
): Kernel<BindingsIn<T>, UniformsIn<T>, ConstantsIn<T>>;
export function defineKernel(name: string, modules: Modules): Kernel;
export function defineKernel(name: string, modules: string | Modules): Kernel {
  const own = typeof modules === 'string' ? { [`./${name}.wgsl`]: modules } : modules;
  const other = Object.keys(own).find((path) => !path.startsWith('./'));
  if (other !== undefined)
    throw new Error(`The kernel ${name}: the path "${other}" of a module of your own has to begin with "./".`);
  const recipe = recipeOf(name, own);
  const all = { ...LIBRARY, ...own };
  const composed = compose(recipe, all);
  const included = Object.fromEntries(composed.modules.map((path) => [path, all[path] as string]));
  return { ...recipe, ...reflectKernel(composed), modules: included };
}

function recipeOf(name: string, modules: Modules): Recipe {
  const [path] = Object.keys(modules);
  if (path === undefined) throw new Error(`The kernel ${name} has no module.`);
  const declared = Object.entries(modules).flatMap(([own, text]) => recipesOf(own, text));
  if (declared.length === 0) return { name, path, flags: [], values: {} };
  const names = declared.map((recipe) => recipe.name.replace(/^.*\//, ''));
  const found = declared[names.indexOf(name)];
  if (!found) throw new Error(`No @kernel line makes ${name}; there are: ${names.join(', ')}.`);
  return { ...found, name };
}
