// Runs a bundle in the Deno that npm installed: node out/deno.mjs BUNDLE [ARGS...]
// Deno finds WebGPU through Vulkan, so on a system without a GPU it gets SwiftShader the way Node does.
import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { driverVariables } from '../src/gpu/deno.node.ts';
import { findSwiftShader, LOADER, openLibrary } from '../src/gpu/swiftshader.node.ts';

function environment(): NodeJS.ProcessEnv {
  const driver = findSwiftShader();
  const paths = [process.env.LD_LIBRARY_PATH, driver && dirname(driver.loader)].filter(Boolean).join(delimiter);
  const loader = openLibrary(LOADER) ? {} : { LD_LIBRARY_PATH: paths };
  return { ...process.env, ...driverVariables(process.env.GPU ?? 'auto'), ...loader };
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
