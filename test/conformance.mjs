// Runs golden cases in Deno or in a headless browser: node test/conformance.mjs deno|browser [FOLDER|OP...]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runInBrowser } from './browser.mjs';

const BUNDLE = 'out/conformance.web.mjs';
const [runtime, ...given] = process.argv.slice(2);
const isFolder = (word) => existsSync(word) && statSync(word).isDirectory();
const GOLDEN = 'test/golden';
const below = () => readdirSync(GOLDEN).map((name) => join(GOLDEN, name));
const folders = given.some(isFolder) ? given.filter(isFolder) : [GOLDEN, ...below().filter(isFolder)];
const ops = given.filter((word) => !isFolder(word));

/** Each folder's files, by what stands for the folder. */
const filesIn = (prefixOf) =>
  folders.flatMap((folder, index) => {
    const names = readdirSync(folder).filter((name) => !isFolder(join(folder, name)));
    return names.sort().map((name) => `${prefixOf(folder, index)}/${name}`);
  });

async function main() {
  if (runtime === 'browser') {
    const routes = Object.fromEntries(folders.map((folder, index) => [`/cases${index}`, folder]));
    const args = [...filesIn((_, index) => `/cases${index}`), ...ops];
    return runInBrowser({ entry: BUNDLE, routes, args, timeout: 900 });
  }
  const args = ['out/deno.mjs', BUNDLE, ...filesIn((folder) => resolve(folder)), ...ops];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
