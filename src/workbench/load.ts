import type { Device } from '../gpu/device.ts';
import type { Modules } from '../gpu/kernel/compose.ts';

/** Makes the device compile these modules from now on. */
export function load({ library }: Device, modules: Modules): void {
  for (const [path, text] of Object.entries(modules))
    if (!library.has(path)) library.addModule(path, text);
    else if (library.edited[path] !== text) library.replaceModule(path, text);
}
