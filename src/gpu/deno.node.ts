import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createDevice, type Device } from './device.ts';
import { MESA } from './faster.ts';
import { findSwiftShader, hasSwiftShader, LOADER, SWIFTSHADER_PACKAGE } from './swiftshader.node.ts';

interface DenoGlobal {
  dlopen(path: string, symbols: object): unknown;
}

/** Where loaders look for the manifests of Vulkan's drivers. */
const FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/** Libraries that stay loaded. */
const libraries: unknown[] = [];

/**
 * A device in Deno, which finds WebGPU through Vulkan: on a system without a driver it gets SwiftShader from npm, as Node does.
 * `mode` is `auto`, `hardware`, or the adapter's name or a part of it. Throws in one sentence where no adapter fits.
 */
export async function requestDenoDevice(mode: string): Promise<Device> {
  // Deno takes drivers and loader as it first finds them, and has no say in which adapter it is: so they are chosen before.
  Object.assign(process.env, driverVariables(mode));
  keepLoader();
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error(`WebGPU found no adapter in Deno: no driver on this system can be used${hint()}.`);
  const device = await createDevice(adapter);
  const { name, kind } = device.target;
  if (mode === 'hardware' && kind !== 'gpu')
    throw new Error(`No hardware GPU was found: only the software adapter ${name} is there.`);
  if (mode !== 'auto' && mode !== 'hardware' && !name.toLowerCase().includes(mode.toLowerCase()))
    throw new Error(`Deno has the adapter ${name}, which is not what GPU=${mode} asks for.`);
  return { ...device, ...describe(device, mode) };
}

/** What brings a driver where none is found. */
const hint = (): string =>
  hasSwiftShader && !findSwiftShader() ? ` (deno add npm:${SWIFTSHADER_PACKAGE} brings one for processors)` : '';

function describe({ target: { name, kind } }: Device, mode: string) {
  const asked = mode === 'auto' || mode === 'hardware' ? [] : ['asked for'];
  const software = ['software; correct but slow, timings say nothing about a GPU', ...asked];
  const faster = asked.length === 0 && /swiftshader/i.test(name) ? [MESA] : [];
  const why = (kind === 'gpu' ? ['a hardware GPU', ...asked] : [...software, ...faster]).join('; ');
  return { why, description: `${name} (${why})` };
}

/** The variables under which Deno has the driver that is wanted: SwiftShader beside those of the system, unless llvmpipe is there. */
export function driverVariables(mode: string): Readonly<Record<string, string>> {
  if (process.platform !== 'linux') return {};
  // OpenGL, the other way that Deno knows, would be taken before a software driver for Vulkan where Mesa is installed.
  const vulkan = { DENO_WEBGPU_BACKEND: process.env.DENO_WEBGPU_BACKEND ?? 'vulkan' };
  const driver = findSwiftShader();
  const wanted = mode.toLowerCase();
  const llvmpipe = manifests().filter((path) => /lvp/.test(path));
  if (wanted === 'swiftshader' && driver) return { ...vulkan, VK_DRIVER_FILES: driver.manifest };
  if (wanted === 'llvmpipe' && llvmpipe.length > 0) return { ...vulkan, VK_DRIVER_FILES: llvmpipe.join(delimiter) };
  if (!driver || wanted === 'hardware' || llvmpipe.length > 0) return vulkan;
  const added = [process.env.VK_ADD_DRIVER_FILES, driver.manifest].filter((path) => path !== undefined);
  return { ...vulkan, VK_ADD_DRIVER_FILES: [...new Set(added)].join(delimiter) };
}

/** On a system without a Vulkan loader, Deno gets the one that comes with SwiftShader. */
function keepLoader(): void {
  const driver = findSwiftShader();
  if (driver && libraries.length === 0) libraries.push(loader(LOADER) ?? loader(driver.loader));
}

const manifests = (): string[] =>
  FOLDERS.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));

/** Keeps a library in the process: what opens it by its bare name later finds the one that is there. */
function loader(path: string): unknown {
  const { Deno: deno } = globalThis as unknown as { Deno: DenoGlobal };
  try {
    return deno.dlopen(path, {});
  } catch {
    return undefined;
  }
}
