import { compose } from '../gpu/kernel/compose.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';

/** A kernel as plain data, without the texts of its modules. */
export interface KernelInfo {
  readonly name: string;
  readonly family: string;
  readonly path: string;
  readonly flags: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  /** The paths of its modules, its own first. */
  readonly modules: readonly string[];
  readonly constants: Readonly<Record<string, number>>;
  readonly features: readonly string[];
}

/** All kernels of this build, by name. */
export const catalogue = (): KernelInfo[] =>
  Object.values<Kernel>({ ...kernels })
    .map((kernel) => ({
      name: kernel.name,
      family: kernel.name.split('/')[0] ?? '',
      path: kernel.path,
      flags: kernel.flags,
      values: kernel.values,
      modules: compose(kernel, kernel.modules).modules,
      constants: kernel.constants,
      features: kernel.features,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
