// Runs golden cases in Deno or in a headless browser: node test/conformance.mjs deno|browser [FOLDER...]
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runInBrowser } from './browser.mjs';

const BUNDLE = 'out/conformance.web.mjs';
const [runtime, ...given] = process.argv.slice(2);
const folders = given.length > 0 ? given : ['test/golden'];

const casesOf = (folder) => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  if (names.length === 0) throw new Error(`${folder} has no golden case (*.safetensors).`);
  return names.sort();
};

async function main() {
  if (runtime === 'browser') {
    const routes = Object.fromEntries(folders.map((folder, index) => [`/cases${index}`, folder]));
    const args = folders.flatMap((folder, index) => casesOf(folder).map((name) => `/cases${index}/${name}`));
    return runInBrowser({ entry: BUNDLE, routes, args, timeout: 900 });
  }
  const files = folders.flatMap((folder) => casesOf(folder).map((name) => resolve(join(folder, name))));
  return spawnSync(process.execPath, ['out/deno.mjs', BUNDLE, ...files], { stdio: 'inherit' }).status ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
