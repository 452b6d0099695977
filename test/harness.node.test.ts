import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { assert, suite } from './harness.ts';

const harness = suite('harness, run as a program');
const folder = mkdtempSync(join(tmpdir(), 'harness-'));
let count = 0;

type Runtime = 'node' | 'deno' | 'browser';

interface Ended {
  readonly code: number | null;
  readonly text: string;
  readonly last: string;
}

/** Bundles one test file with the harness. */
async function bundle(body: string, platform: 'node' | 'browser' = 'node'): Promise<string> {
  const outfile = join(folder, `${count++}.mjs`);
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
    outfile,
    bundle: true,
    format: 'esm',
    platform,
    target: 'es2022',
    nodePaths: [join(process.cwd(), 'node_modules')],
    logLevel: 'silent',
  });
  return outfile;
}

function ended(args: readonly string[]): Ended {
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { code: status, text: stdout, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
}

/** Runs one test file through the harness in a process of its own. */
const run = async (body: string, args: string[] = []): Promise<Ended> => ended([await bundle(body), ...args]);

/** The same as `npm test` and its like do it. */
const runWatched = async (body: string, runtime: Runtime): Promise<Ended> =>
  ended(['test/run.mjs', runtime, '--entry', await bundle(body, runtime === 'node' ? 'node' : 'browser')]);

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

/** What hangs, between a test that fails before and one that never gets its turn. */
const hanging = (test: string) =>
  `t('red', () => assert.is(1, 2)); t('green', () => {}); ${test} t('later', () => {});`;

harness('ends and names a test that never settles', async () => {
  const { code, last, text } = await run(hanging("t('hangs', () => new Promise(() => {}), { seconds: 0.2 });"));
  assert.is(code, 1);
  assert.is(last, '1 passed, 2 failed');
  assert.match(text, 'FAIL f.test.ts, s, hangs\n    It took longer than 0.2 seconds');
  assert.match(text, 'FAIL f.test.ts, s, red');
});

harness('ends and names a hook and a file that never settle', async () => {
  // Their limit cannot be set, so clocks run faster.
  const fast = 'const set = setTimeout; globalThis.setTimeout = (done, ms) => set(done, ms / 1000);';
  const imported = ['--import', `data:text/javascript,${encodeURIComponent(fast)}`];
  for (const [body, what] of [
    ["t.before(() => new Promise(() => {})); t('a', () => {});", 's, before hook'],
    ["await new Promise(() => {}); t('a', () => {});", 'while it loads'],
  ] as const) {
    const { code, last, text } = ended([...imported, await bundle(body)]);
    assert.is(code, 1);
    assert.is(last, '0 passed, 1 failed');
    assert.match(text, `FAIL f.test.ts, ${what}\n    It took longer`);
  }
});

for (const runtime of ['node', 'deno', 'browser'] as const) {
  harness(`ends and names what blocks the event loop, ${runtime}`, async () => {
    const { code, last, text } = await runWatched(
      hanging("t('blocks', () => { for (;;); }, { seconds: 0.5 });"),
      runtime,
    );
    assert.is(code, 1);
    assert.is(last, '1 passed, 2 failed');
    assert.match(text, 'FAIL f.test.ts, s, blocks\n    It took longer than 0.5 seconds');
    assert.match(text, 'FAIL f.test.ts, s, red');
  });

  harness(`ends and names what never settles, ${runtime}`, async () => {
    const body = hanging("t('hangs', () => new Promise(() => {}), { seconds: 0.5 });");
    const { code, last, text } = await runWatched(body, runtime);
    assert.is(code, 1);
    assert.is(last, '1 passed, 2 failed');
    assert.match(text, 'FAIL f.test.ts, s, hangs\n    It took longer than 0.5 seconds');
  });
}

harness('names the test during which the program ends', async () => {
  for (const [end, how] of [
    ['process.exit(0)', '0'],
    ["process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})", 'SIGKILL'],
    ["setTimeout(() => { throw new Error('astray'); }); await new Promise(() => {})", '1'],
  ]) {
    const { code, last, text } = await runWatched(hanging(`t('ends', async () => { ${end}; });`), 'node');
    assert.is(code, 1);
    assert.is(last, '1 passed, 2 failed');
    assert.match(text, `FAIL f.test.ts, s, ends\n    The program ended meanwhile: ${how}.`);
  }
});

harness('tells the slowest tests, and to a terminal nothing that is meant for the program that watches', async () => {
  const body =
    'let now = 0; performance.now = () => now; for (let i = 1; i <= 11; i++) t(String(i), () => { now += 1000 * i; });';
  for (const { text, code } of [await run(body), await runWatched(body, 'node')]) {
    assert.is(code, 0);
    assert.not.match(text, '\x1e');
    const [, list = ''] = text.split('slowest tests:\n');
    const named = [...list.matchAll(/^ +\d+\.\d s {2}f\.test\.ts, s, (\d+)$/gm)].map(([, name]) => name);
    assert.equal(named, ['11', '10', '9', '8', '7', '6', '5', '4', '3', '2']);
  }
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

harness('runs what its arguments select and do not leave out, and is red when that is nothing', async () => {
  const body = "t('alpha', () => {}); t('alphabet', () => {}); t('beta', () => { throw new Error('no'); });";
  for (const [args, last] of [
    [['alpha'], '2 passed, 0 failed'],
    [['alphabet', 'beta'], '1 passed, 1 failed'],
    [['!beta'], '2 passed, 0 failed'],
    [['!alphabet', '!f.test'], '0 passed, 1 failed'],
    [['alpha', '!alphabet'], '1 passed, 0 failed'],
    [['gamma'], '0 passed, 1 failed'],
  ] as const)
    assert.is((await run(body, [...args])).last, last, args.join(' '));
});

harness.after(() => rmSync(folder, { recursive: true, force: true }));

harness.run();
