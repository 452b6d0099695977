// Compares this engine with others in a headless browser: npm run bench:peers [-- WORDS...]
import { join } from 'node:path';
import { bundle, portable } from '../../src/build/bundle.mjs';
import { runInBrowser } from '../../test/browser.mjs';

const entry = join('out', 'peers.mjs');
await bundle({ entryPoints: ['bench/peers/page.ts'], outfile: entry, ...portable });
process.exitCode = await runInBrowser({ entry, args: process.argv.slice(2), timeout: 900 });
