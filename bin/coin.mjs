#!/usr/bin/env node
// The command line is built into dist/, which a clone does not have at first.
import { existsSync } from 'node:fs';

const program = new URL('../dist/coin.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  console.error('error: coin is not built yet: run npm ci with development dependencies, then npm run build.');
  process.exitCode = 1;
}
