import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type Variables, withVariables } from './environment.node.ts';
import { MESA } from './faster.ts';
import {
  type Driver,
  findSwiftShader,
  hasSwiftShader,
  LOADER,
  openLibrary,
  SWIFTSHADER_PACKAGE,
} from './swiftshader.node.ts';

/** Which adapter to take: the fastest there is (`auto`), only a GPU (`hardware`), or one by its name or a part of it. */
export type AdapterMode = 'auto' | 'hardware' | (string & {});

export interface NodeAdapter {
  adapter: GPUAdapter;
  /** What was taken and why, for people. */
  why: string;
}

/** The package from npm that brings Dawn. */
export const DAWN_PACKAGE = 'webgpu@0.6.2';

const SOFTWARE = 'software; correct but slow, timings say nothing about a GPU';
/** Trains several times as fast as SwiftShader. */
const LLVMPIPE = 'llvmpipe';
const SWIFTSHADER = 'SwiftShader';
/** Where container runtimes mount a GPU's manifest outside the folders that loaders search. */
const EXTRA_MANIFESTS = ['/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json'];

/**
 * Dawn rounds timestamps to 65 microseconds, hides f16 on NVIDIA and hides subgroup matrices, unless told otherwise.
 * SwiftShader's own zeroing of workgroup memory is a store for each float: 16 KiB took 2.2 s to compile, Dawn's loop 0.3 s.
 * Toggles that do not concern an adapter have no effect on it.
 */
const DAWN_FLAGS = [
  'disable-dawn-features=timestamp_quantization,use_vulkan_zero_initialize_workgroup_memory_extension',
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
];

/** Dawn crashes when the object that gave an adapter is collected, so all of them are kept. */
const instances: GPU[] = [];

type Dawn = typeof import('webgpu');

/**
 * Finds a WebGPU adapter through Dawn: a hardware GPU where there is one, else the fastest that runs on the processor:
 * llvmpipe where the system has it, or SwiftShader from npm. Also defines WebGPU's globals, such as GPUBufferUsage.
 * Throws in one sentence when there is no adapter of the wanted kind or name.
 */
export async function requestNodeAdapter(mode: AdapterMode): Promise<NodeAdapter> {
  const dawn = await loadDawn();
  Object.assign(globalThis, dawn.globals);
  const driver = findSwiftShader();
  if (process.platform === 'linux' && !loadVulkan(driver))
    throw new Error(
      `There is no Vulkan loader (libvulkan.so.1) on this system: install the package libvulkan1 and a Vulkan driver${orSwiftShader(driver)}.`,
    );
  const only = driver
    ? { VK_DRIVER_FILES: driver.manifest, VK_ICD_FILENAMES: undefined, VK_ADD_DRIVER_FILES: undefined }
    : {};
  const request = (variables: Variables, name?: string) => requestAdapter(dawn, variables, name);

  if (mode.toLowerCase() === SWIFTSHADER.toLowerCase()) {
    if (!driver) throw new Error(`SwiftShader is not here: ${whyNoSwiftShader()}.`);
    const adapter = await request(only, SWIFTSHADER);
    if (adapter) return { adapter, why: `${SOFTWARE}; asked for` };
    throw new Error(
      `SwiftShader does not start from ${driver.manifest}: delete that folder to have it unpacked again.`,
    );
  }
  const all = addedDrivers(mode === 'hardware' ? null : driver);
  if (mode === 'hardware') return hardware(await request(all));
  if (mode !== 'auto') return named(mode, await namesOf(dawn, all), (name) => request(all, name));
  // An old loader does not know VK_ADD_DRIVER_FILES, and a user's VK_DRIVER_FILES may name nothing that works.
  const adapter = (await request(all)) ?? (driver && (await request(only)));
  if (!adapter)
    throw new Error(
      `No WebGPU adapter was found: no driver on this system can be used${driver ? '' : `, and SwiftShader is not here: ${whyNoSwiftShader()}`}.`,
    );
  return fastest(adapter, (name) => request(all, name));
}

/** The names of all adapters that there are, SwiftShader from npm included. Throws where Dawn does not load. */
export async function adaptersFound(): Promise<readonly string[]> {
  const dawn = await loadDawn();
  const driver = findSwiftShader();
  if (process.platform === 'linux') loadVulkan(driver);
  return namesOf(dawn, addedDrivers(driver));
}

function hardware(adapter: GPUAdapter | null): NodeAdapter {
  if (!adapter) throw new Error('No hardware GPU was found: no driver on this system offers one to WebGPU.');
  if (adapter.info.isFallbackAdapter)
    throw new Error(`No hardware GPU was found: only the software adapter ${adapter.info.description} is there.`);
  return { adapter, why: 'a hardware GPU' };
}

/** Of all adapters, where Dawn puts this one first: a GPU before those for processors, but these in any order. */
export async function fastest(
  first: GPUAdapter,
  request: (name: string) => Promise<GPUAdapter | null>,
): Promise<NodeAdapter> {
  if (!first.info.isFallbackAdapter) return { adapter: first, why: 'a hardware GPU' };
  const why = `${SOFTWARE}; no hardware GPU was found`;
  const adapter = await request(LLVMPIPE);
  return adapter ? { adapter, why } : { adapter: first, why: `${why}; ${MESA}` };
}

async function named(
  wanted: string,
  names: readonly string[],
  request: (name: string) => Promise<GPUAdapter | null>,
): Promise<NodeAdapter> {
  const name = names.find((own) => own.toLowerCase().includes(wanted.toLowerCase()));
  const adapter = name === undefined ? null : await request(name);
  if (!adapter)
    throw new Error(
      `No adapter has "${wanted}" in its name: choose auto, hardware, or one of ${names.join(', ') || '(none)'}.`,
    );
  return { adapter, why: adapter.info.isFallbackAdapter ? `${SOFTWARE}; asked for` : 'asked for' };
}

/** The variables under which a loader finds a driver beside those of the system. */
function addedDrivers(driver: Driver | null): Variables {
  if (process.platform !== 'linux') return {};
  const manifests = [process.env.VK_ADD_DRIVER_FILES, ...EXTRA_MANIFESTS.filter(existsSync), driver?.manifest];
  return { VK_ADD_DRIVER_FILES: manifests.filter(Boolean).join(delimiter) || undefined };
}

/** The best adapter, or the first whose name has this text in it; null where there is none. */
function requestAdapter(dawn: Dawn, variables: Variables, name?: string): Promise<GPUAdapter | null> {
  const flags = name === undefined ? DAWN_FLAGS : [...DAWN_FLAGS, `adapter=${name}`];
  return withVariables(variables, async () => {
    const gpu = dawn.create(flags);
    instances.push(gpu);
    try {
      // Drivers are looked for, and variables read, before this call returns.
      return await gpu.requestAdapter({ powerPreference: 'high-performance' });
    } catch (error) {
      if (name !== undefined && namesIn(error)) return null;
      throw error;
    }
  });
}

/** Dawn lists the names of all adapters where it is asked for one that does not exist. */
function namesOf(dawn: Dawn, variables: Variables): Promise<readonly string[]> {
  return withVariables(variables, async () => {
    const gpu = dawn.create([...DAWN_FLAGS, 'adapter=(none)']);
    instances.push(gpu);
    try {
      await gpu.requestAdapter();
    } catch (error) {
      const names = namesIn(error);
      if (names) return names;
      throw error;
    }
    return [];
  });
}

function namesIn(error: unknown): string[] | undefined {
  const message = String((error as Error).message ?? error);
  if (!message.includes('Available adapters:')) return undefined;
  return [...message.matchAll(/name: '(.*)'$/gm)].map(([, name = '']) => name);
}

/** The binary is chosen by platform when the module loads, so an unknown platform shows only then. */
async function loadDawn(): Promise<Dawn> {
  try {
    return await import('webgpu');
  } catch (cause) {
    if (/Cannot find package/.test((cause as Error).message))
      throw new Error(`WebGPU in Node comes from a package that is not installed: npm install ${DAWN_PACKAGE}.`, {
        cause,
      });
    const here = `${process.platform} on ${process.arch}`;
    throw new Error(`Dawn, which brings WebGPU to Node, does not load on this system (${here}).`, { cause });
  }
}

const whyNoSwiftShader = (): string =>
  hasSwiftShader
    ? `npm install ${SWIFTSHADER_PACKAGE} brings it`
    : `it comes only for Linux on x64, and this is ${process.platform} on ${process.arch}`;

const orSwiftShader = (driver: Driver | null): string =>
  !driver && hasSwiftShader ? `, or let npm install ${SWIFTSHADER_PACKAGE} bring both` : '';

/**
 * Makes sure that a Vulkan loader is in the process: the system's own, else the one that comes with SwiftShader.
 * Dawn opens it by its bare name, which then finds the library that is already loaded.
 */
function loadVulkan(driver: Driver | null): boolean {
  return [LOADER, driver?.loader].some((path) => path !== undefined && openLibrary(path));
}
