import { compose, type Modules, type Recipe, recipesOf } from '../gpu/kernel/compose.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { reflectKernel } from '../gpu/kernel/reflect.ts';

/**
 * Throws where edited modules give a kernel another interface than the build's. Programs are recorded with the build's
 * description of a kernel, so an edit may change what is inside of it, but not that.
 */
export function checkInterface(kernel: Kernel, edited: Modules): void {
  const recipe = recipesOf(kernel.path, edited[kernel.path] ?? '').find(({ name }) => name === kernel.name);
  if (!recipe) throw new Error(`kernels/${kernel.path} no longer makes ${kernel.name}: build, and start again.`);
  const composed = compose(recipe, edited);
  const interfaceOf = ({ flags, values }: Recipe) => ({ flags, values });
  const { bindings, uniforms, constants, features } = reflectKernel(composed);
  const pairs: [what: string, now: unknown, built: unknown][] = [
    ['its @kernel line', interfaceOf(recipe), interfaceOf(kernel)],
    ['its bindings', bindings, kernel.bindings],
    ['its uniforms', uniforms, kernel.uniforms],
    ['its features', features, kernel.features],
    // A constant that is new has its value from the text.
    [
      'its @tune constants',
      Object.keys(kernel.constants).filter((name) => name in constants),
      Object.keys(kernel.constants),
    ],
  ];
  const other = pairs.find(([, now, built]) => JSON.stringify(now) !== JSON.stringify(built));
  if (other)
    throw new Error(`${kernel.name} has changed ${other[0]}, which this build does not know: build, and start again.`);
}
