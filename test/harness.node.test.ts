import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { assert, suite } from './harness.ts';

const harness = suite('harness, run as a program');
const folder = mkdtempSync(join(tmpdir(), 'harness-'));
let count = 0;

/** Runs one test file through the harness in a process of its own. */
async function run(body: string, args: string[] = []): Promise<{ code: number | null; text: string; last: string }> {
  const bundle = join(folder, `${count++}.mjs`);
  const fixture = join(folder, `${count}.ts`);
  const path = JSON.stringify(join(process.cwd(), 'test', 'harness.ts'));
  writeFileSync(
    fixture,
    `import { assert, skip, suite } from ${path};\nconst t = suite('s');\n${body}\nvoid assert, skip;`,
  );
  await build({
    stdin: {
      contents: `import { runTests } from ${path}; await runTests([['f.test.ts', () => import(${JSON.stringify(fixture)})]]);`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    nodePaths: [join(process.cwd(), 'node_modules')],
    logLevel: 'silent',
  });
  const { status, stdout } = spawnSync(process.execPath, [bundle, ...args], { encoding: 'utf8' });
  return { code: status, text: stdout, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
}

/** [what the file does, its text, the last line wanted, what the output has to mention] */
const RED: [string, string, string, string][] = [
  ['a failing assertion', "t('a', () => assert.is(1, 2)); t('b', () => {});", '1 passed, 1 failed', '"a"'],
  [
    'a throwing before hook',
    "t.before(() => { throw new Error('hook'); }); t('a', () => {}); t('b', () => {});",
    '0 passed, 2 failed',
    'hook',
  ],
  [
    'a throwing after hook',
    "t.after(() => { throw new Error('late'); }); t('a', () => {});",
    '1 passed, 1 failed',
    'late',
  ],
  [
    'a throwing hook after each test',
    "t.after.each(() => { throw 'each'; }); t('a', () => {}); t('b', () => {});",
    '0 passed, 2 failed',
    'each',
  ],
  ['a thrown string', "t('a', () => { throw 'text'; }); t('b', () => {});", '1 passed, 1 failed', 'text'],
  ['a thrown null', "t('a', () => { throw null; }); t('b', () => {});", '1 passed, 1 failed', 'null'],
  [
    'a thrown object that is no Error',
    "class GPUValidationError { message = 'bad binding'; } t('a', async () => { throw new GPUValidationError(); });",
    '0 passed, 1 failed',
    'GPUValidationError bad binding',
  ],
  ['no tests', '', '0 passed, 1 failed', 'no tests'],
  [
    'a file that throws when it loads',
    "t('a', () => {}); throw new Error('top level');",
    '0 passed, 1 failed',
    'top level',
  ],
];

for (const [what, body, line, mention] of RED) {
  harness(`is red on ${what}`, async () => {
    const { code, last, text } = await run(body);
    assert.is(last, line);
    assert.is(code, 1);
    assert.ok(text.includes(mention), text);
  });
}

harness('is red when a test never settles', async () => {
  const { code } = await run("t('a', () => new Promise(() => {}));");
  assert.ok(code !== 0, `exit code ${code}`);
});

harness('is green and runs a suite without .run()', async () => {
  const { code, last } = await run("t('a', () => {}); t('b', async () => {});");
  assert.is(last, '2 passed, 0 failed');
  assert.is(code, 0);
});

harness('shows skipped tests with their reasons', async () => {
  const { code, last, text } = await run("t('a', () => skip('no f16')); t.skip('b', 'too slow'); t('c', () => {});");
  assert.is(last, '1 passed, 0 failed, 2 skipped');
  assert.is(code, 0);
  assert.match(text, 's, a: no f16');
  assert.match(text, 's, b: too slow');
});

harness('runs what the argument selects, and is red when that is nothing', async () => {
  const body = "t('alpha', () => {}); t('beta', () => { throw new Error('no'); });";
  assert.is((await run(body, ['alpha'])).last, '1 passed, 0 failed');
  assert.is((await run(body, ['gamma'])).last, '0 passed, 1 failed');
});

harness.after(() => rmSync(folder, { recursive: true, force: true }));

harness.run();
