// Runs golden cases in Deno or in a headless browser: node test/conformance.mjs deno|browser [FOLDER|OP...]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runInBrowser } from './browser.mjs';

const BUNDLE = 'out/conformance.web.mjs';
const [runtime, ...given] = process.argv.slice(2);
const isFolder = (word) => existsSync(word) && statSync(word).isDirectory();
const folders = given.some(isFolder) ? given.filter(isFolder) : ['test/golden'];
const ops = given.filter((word) => !isFolder(word));

const casesOf = (folder) => {
  const isWanted = (name) =>
    ops.length === 0 || ops.some((op) => name.startsWith(`${op}-`) || name.startsWith(`${op}_`));
  const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors') && isWanted(name));
  if (names.length === 0)
    throw new Error(`${folder} has no golden case${ops.length > 0 ? ` of ${ops.join(', ')}` : ''} (*.safetensors).`);
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
