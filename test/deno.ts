// Runs a bundle in the Deno that npm installed: node out/deno.mjs BUNDLE [ARGS...]
// Deno finds WebGPU through Vulkan, so on a system without a GPU it gets SwiftShader the way Node does.
import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { findSwiftShader, LOADER, openLibrary } from '../src/gpu/swiftshader.node.ts';

function environment(): NodeJS.ProcessEnv {
  const driver = findSwiftShader();
  if (!driver) return process.env;
  const join = (...paths: (string | undefined)[]) => paths.filter(Boolean).join(delimiter);
  return {
    // OpenGL, the other way that Deno knows, would be taken before SwiftShader where Mesa is installed.
    DENO_WEBGPU_BACKEND: 'vulkan',
    ...process.env,
    ...(process.env.GPU === 'swiftshader'
      ? { VK_DRIVER_FILES: driver.manifest }
      : { VK_ADD_DRIVER_FILES: join(process.env.VK_ADD_DRIVER_FILES, driver.manifest) }),
    ...(openLibrary(LOADER) ? {} : { LD_LIBRARY_PATH: join(process.env.LD_LIBRARY_PATH, dirname(driver.loader)) }),
  };
}

// npm puts its own Deno on the path only inside of scripts, so the file is named.
const child = spawn('node_modules/.bin/deno', ['run', '-A', ...process.argv.slice(2)], {
  env: environment(),
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
child.on('error', (error) => {
  console.error(`error: Deno does not start: ${error.message}`);
  process.exitCode = 1;
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
