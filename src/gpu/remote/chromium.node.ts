import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isPrivate, temporaryFolder } from '../private_folder.node.ts';
import { userCache } from '../tune/store.node.ts';

/** The packages from npm that bring a browser and drive it. */
const PACKAGES = 'playwright-core@1.65.1 @sparticuz/chromium@147.0.0';

/**
 * As in Node, Dawn zeroes workgroup memory in a loop: SwiftShader's own way is a store for each float, and compiling these
 * took most of the time of tiled kernels.
 */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--enable-unsafe-webgpu',
  '--no-zygote',
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
];

/**
 * Starts Chromium's headless shell from npm, or the browser that the environment names by CHROMIUM; signals are left to the program.
 * Throws in one sentence where it does not start.
 */
export async function launchChromium() {
  const { chromium: driver } = await import('playwright-core').catch((cause) => {
    throw missing(cause);
  });
  const { CHROMIUM } = process.env;
  const executablePath = CHROMIUM ?? (await unpack());
  // A Vulkan driver chosen for Node can leave the browser without any.
  const env = Object.fromEntries(
    Object.entries({ ...(!CHROMIUM && fontsBeside(executablePath)), ...process.env }).filter(
      (entry): entry is [string, string] => !entry[0].startsWith('VK_') && entry[1] !== undefined,
    ),
  );
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  try {
    return await driver.launch({ executablePath, args: [...CHROMIUM_FLAGS], env, ...signals });
  } catch (cause) {
    const [why = ''] = (cause as Error).message.split('\n');
    throw new Error(`Chromium does not start from ${executablePath}: ${why}`, { cause });
  }
}

const missing = (cause: unknown) =>
  new Error(`Chromium comes from packages that are not installed: npm install ${PACKAGES}.`, { cause });

/**
 * The package unpacks into the temporary folder, and runs what it finds there. Anyone can put a program into the system's
 * own, so it gets one of this user.
 */
async function unpack(): Promise<string> {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folderForChromium();
  // On systems without Chromium's own libraries this makes the package bring them along.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs20.x';
  try {
    const { default: chromium } = await import('@sparticuz/chromium').catch((cause) => {
      throw missing(cause);
    });
    return await chromium.executablePath();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}

/** Where the system describes its fonts. */
const SYSTEM_FONTS = '/etc/fonts/fonts.conf';

/**
 * Chromium ends at a page with text where it finds no font, and the package looks in folders that exist on its own service alone. So
 * it is given the system's fonts or, where there are none, those that were unpacked with it.
 */
function fontsBeside(executable: string): NodeJS.ProcessEnv {
  if (existsSync(SYSTEM_FONTS)) return { FONTCONFIG_FILE: SYSTEM_FONTS };
  const folder = dirname(executable);
  const file = join(folder, 'fonts.conf');
  const parts = [`<dir>${join(folder, 'fonts')}</dir>`, `<cachedir>${join(folder, 'fonts-cache')}</cachedir>`];
  writeFileSync(file, `<?xml version="1.0"?>\n<fontconfig>${parts.join('')}</fontconfig>\n`);
  return { FONTCONFIG_FILE: file };
}

function folderForChromium(): string {
  const folder = join(userCache(), 'chromium');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isPrivate(folder)) return folder;
  } catch {
    // Where the cache cannot be written, it is unpacked for this program alone.
  }
  return temporaryFolder();
}
