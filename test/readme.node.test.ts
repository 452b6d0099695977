import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert, suite } from './harness.ts';

const test = suite('README');

test('its first program is short and runs as printed', async () => {
  const readme = await readFile('README.md', 'utf8');
  const [, program = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
  assert.ok(program.trim().split('\n').length < 25);
  // Inside of the project, so that it imports the package by its own name.
  const folder = await mkdtemp(join('out', 'readme-'));
  try {
    await writeFile(join(folder, 'first.mjs'), program);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'first.mjs')]);
    const losses = [...stdout.matchAll(/step \d+: loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    assert.is(losses.length, 4);
    assert.ok(losses.at(-1)! < 0.1 * losses[0]!, stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('its commands exist', async () => {
  const readme = await readFile('README.md', 'utf8');
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  for (const [, name] of readme.matchAll(/npm run ([\w:-]+)/g)) assert.ok(name! in scripts, `npm run ${name}`);
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/coin.js', '--help']);
  for (const [, name] of readme.matchAll(/npx coin ([a-z]+)/g)) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
});
