// Runs the bundled tests: node test/run.mjs node|deno|browser [--entry BUNDLE] [FILTER]
import { parseArgs } from 'node:util';
import { runInBrowser } from './browser.mjs';
import { runWatched, watch } from './watch.mjs';

const runtimes = {
  node: (entry, args) => runWatched(process.execPath, ['--enable-source-maps', entry, ...args]),
  deno: (entry, args) => runWatched(process.execPath, ['out/deno.mjs', entry, ...args]),
  browser: (entry, args) =>
    runInBrowser({ entry, args, routes: { '/test': 'test', '/data': 'data' }, timeout: 3600, watch }),
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { entry: { type: 'string' } } });
const [runtime, ...args] = positionals;
const run = runtimes[runtime];
if (!run) throw new Error(`Tests run in ${Object.keys(runtimes).join(', ')}, not in ${runtime}.`);
process.exitCode = await run(values.entry ?? `out/test.${runtime === 'node' ? 'node' : 'web'}.mjs`, args);
