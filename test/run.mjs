// Runs the bundled tests: node test/run.mjs node|deno|browser [--entry BUNDLE] [FILTER...]
//   node test/run.mjs node --release 22 [FILTER...]    in that release of Node, which npm fetches
import { parseArgs } from 'node:util';
import { runInBrowser } from './browser.mjs';
import { runWatched, watch } from './watch.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { entry: { type: 'string' }, release: { type: 'string' } },
});

const runtimes = {
  node(entry, args) {
    const rest = ['--enable-source-maps', entry, ...args];
    if (!values.release) return runWatched(process.execPath, rest);
    return runWatched('npx', ['--yes', '--package', `node@${values.release}`, '--', 'node', ...rest]);
  },
  deno: (entry, args) => runWatched(process.execPath, ['out/deno.mjs', entry, ...args]),
  browser: (entry, args) =>
    runInBrowser({ entry, args, routes: { '/test': 'test', '/data': 'data' }, timeout: 3600, watch }),
};

const [runtime, ...args] = positionals;
const run = runtimes[runtime];
if (!run) throw new Error(`Tests run in ${Object.keys(runtimes).join(', ')}, not in ${runtime}.`);
process.exitCode = await run(values.entry ?? `out/test.${runtime === 'node' ? 'node' : 'web'}.mjs`, args);
