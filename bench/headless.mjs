// Runs the benchmarks in Deno or in a headless browser, with the options of "coin bench": node bench/headless.mjs deno|browser [...]
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { bundle, node, portable } from '../src/build/bundle.mjs';
import { runInBrowser } from '../test/browser.mjs';

const ENTRY = join('out', 'bench.web.mjs');
const COMMAND = join('out', 'bench.cli.mjs');
const DENO = join('out', 'deno.mjs');

const runtimes = {
  browser: (options, print) => runInBrowser({ entry: ENTRY, args: [options], timeout: 3600, print }),
  async deno(options, print) {
    await bundle({ entryPoints: ['test/deno.ts'], outfile: DENO, ...node });
    const child = spawn(process.execPath, [DENO, ENTRY, options], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', print);
    return new Promise((done, fail) => child.on('error', fail).on('close', (code) => done(code ?? 1)));
  },
};

const [runtime, ...args] = process.argv.slice(2);
const run = runtimes[runtime];
if (!run) throw new Error(`The benchmarks run in ${Object.keys(runtimes).join(' or ')}, not in ${runtime}.`);

/** Prints the rows as they come and keeps the report, which is the last line. */
async function inRuntime(options, print) {
  await bundle({ entryPoints: ['bench/web.ts'], outfile: ENTRY, ...portable });
  let report;
  const code = await run(JSON.stringify(options), (line) => {
    if (line.startsWith('report: ')) report = JSON.parse(line.slice('report: '.length));
    else print(line);
  });
  if (!report) throw new Error(`the benchmarks ended in ${runtime} with code ${code}`);
  return report;
}

await bundle({ entryPoints: ['src/cli/bench.ts'], outfile: COMMAND, ...node });
const { addBench } = await import(pathToFileURL(resolve(COMMAND)).href);
const program = new Command(`npm run bench:${runtime} --`);
addBench(program, inRuntime);
await program.parseAsync(['bench', ...args], { from: 'user' });
