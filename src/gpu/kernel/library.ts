import { type Composed, compose, type Modules, type Recipe } from './compose.ts';
import { paths } from './generated/modules.ts';

/** What is composed of kernel modules, and which of these are others than this package's own. */
export interface Library {
  /** The modules that were replaced or added here. */
  readonly edited: Modules;
  /** Whether there is such a module. */
  has(path: string): boolean;
  /**
   * A kernel's text, composed when it is first asked for, of its own modules or what has replaced them.
   * Throws where they do not fit together.
   */
  textOf(kernel: Recipe & { readonly modules?: Modules }): Composed;
  /**
   * Replaces a module's text, as a workbench does: programs that are compiled from now on have it, those that are
   * compiled already keep what they have. Throws when there is no such module.
   */
  replaceModule(path: string, text: string): void;
  /** Adds a module, for others to include. Throws when there is one already. */
  addModule(path: string, text: string): void;
}

export function createLibrary(): Library {
  const edited: Record<string, string> = {};
  // By the kernel itself: another one may have its name, where a program defines it again.
  let composed = new WeakMap<Recipe, Composed>();
  const has = (path: string) => Object.hasOwn(edited, path) || paths.includes(path);
  return {
    edited,
    has,
    textOf(kernel) {
      let made = composed.get(kernel);
      if (!made) {
        made = compose(kernel, { ...kernel.modules, ...edited });
        composed.set(kernel, made);
      }
      return made;
    },
    replaceModule(path, text) {
      if (!has(path))
        throw new Error(
          `There is no module kernels/${path}; there are ${[...paths, ...Object.keys(edited)].join(', ')}.`,
        );
      edited[path] = text;
      composed = new WeakMap();
    },
    addModule(path, text) {
      if (has(path)) throw new Error(`There is a module kernels/${path} already.`);
      edited[path] = text;
    },
  };
}
