import { type Composed, compose, type Modules, type Recipe } from './compose.ts';
import { modules as shipped } from './generated.ts';

/** Kernel modules and what is composed of them. */
export interface Library {
  readonly modules: Modules;
  /** A kernel's text, composed when it is first asked for. Throws where its modules do not fit together. */
  textOf(kernel: Recipe): Composed;
  /**
   * Replaces a module's text, as a workbench does: programs that are compiled from now on have it, those that are
   * compiled already keep what they have. Throws when there is no such module.
   */
  replaceModule(path: string, text: string): void;
  /** Adds a module, for others to include. Throws when there is one already. */
  addModule(path: string, text: string): void;
}

/** The modules of this package, or others. */
export function createLibrary(modules: Modules = shipped): Library {
  const current = { ...modules };
  const composed = new Map<string, Composed>();
  return {
    modules: current,
    textOf(kernel) {
      let made = composed.get(kernel.name);
      if (!made) {
        made = compose(kernel, current);
        composed.set(kernel.name, made);
      }
      return made;
    },
    replaceModule(path, text) {
      if (!Object.hasOwn(current, path))
        throw new Error(`There is no module kernels/${path}; there are ${Object.keys(current).join(', ')}.`);
      current[path] = text;
      composed.clear();
    },
    addModule(path, text) {
      if (Object.hasOwn(current, path)) throw new Error(`There is a module kernels/${path} already.`);
      current[path] = text;
    },
  };
}
