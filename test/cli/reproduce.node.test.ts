import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf } from '../../src/cli/contents.ts';
import { reproduce } from '../../src/cli/reproduce.ts';
import { planOf, type Sources } from '../../src/reproduce/plan.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { tableOf, tiny, trained } from '../reproduce/made_up.ts';
import { freePort } from '../reproduce/redis.ts';
import { writeCorners } from './corner_data.ts';
import { captured, coinHere } from './in_process.ts';

const test = suite('reproduce');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

/** Emits an interrupt as soon as a cell has evaluated its first values. */
async function interrupting(cells: string): Promise<void> {
  for (;;) {
    for (const hash of await readdir(cells).catch(() => [])) {
      const log = await readFile(join(cells, hash, 'ce-tuning.jsonl'), 'utf8').catch(() => '');
      if (log.includes('"type":"evaluation"')) {
        process.emit('SIGINT', 'SIGINT');
        return;
      }
    }
    await new Promise((done) => setTimeout(done, 2));
  }
}

test('a table that is interrupted goes on, and has each row beside the paper; again, nothing is trained', async () => {
  const path = await writeCorners(join(folder, 'data'));
  const sources: Sources = { data: { embedded: { path, sha256: await contentOf(path) } }, weights: {} };
  const table = tableOf([
    { label: 'CE-Tuning', paper: [97.26], train: trained('ce-tuning') },
    { label: 'SCL', paper: [97.31], train: trained('scl') },
  ]);
  const plan = planOf(table, tiny, sources);
  const out = join(folder, 'out');
  // Whoever asks for a device may give it back.
  const request = async () => ({ ...(await testDevice()), destroy() {} });
  const all = () => captured(() => reproduce(plan, sources, out, request).catch((error: Error) => error));
  const [first] = await Promise.all([all(), interrupting(join(out, 'cells'))]);
  assert.match((first.result as Error).message, /^Interrupted; nothing is lost/);
  assert.match(first.stdout, /0 of 4 cells are done/);

  const second = await all();
  assert.is(second.result, undefined, second.stderr);
  assert.is(second.stderr.match(/^cell \d of 4: /gm)?.length, 4);
  const markdown = await readFile(join(out, 'tiny-smoke', 'table.md'), 'utf8');
  assert.match(markdown, /^\| CE-Tuning \| \d+\.\d\d ± \d+\.\d\d \| 97\.26 \| \d\.\d{3} ± \d\.\d{3} \|$/m);
  assert.match(markdown, /^\| SCL \| \d+\.\d\d ± \d+\.\d\d \| 97\.31 \| /m);
  assert.match(markdown, /^\| CE-Tuning \| SCL \| [+−]\d+\.\d\d \([+−]\d+\.\d\d to [+−]\d+\.\d\d\) \| −0\.05 \| /m);
  assert.match(markdown, /^\| network \| ResNet-50 \| a ResNet-8/m);
  assert.match(markdown, /All begin with random values\./);
  const results = JSON.parse(await readFile(join(out, 'tiny-smoke', 'results.json'), 'utf8'));
  const cells = results.cells as { row: string; seed: number; hash: string; top1: number; settings: object }[];
  assert.equal(
    cells.map(({ row, seed }) => [row, seed]),
    [
      ['CE-Tuning', 0],
      ['SCL', 0],
      ['CE-Tuning', 1],
      ['SCL', 1],
    ],
  );
  // The table's numbers are those of the runs, each with its own settings.
  const own = JSON.parse(await readFile(join(out, 'cells', cells[3]!.hash, 'results.json'), 'utf8'));
  assert.is(own[0].top1, cells[3]!.top1);
  assert.equal([own[0].method, own[0].settings.seed, own[0].settings.epochs], ['scl', 1, 2]);
  assert.equal(
    (await readdir(join(out, 'cells', cells[0]!.hash))).filter((name) => name.includes('-step-')),
    [],
  );
  const page = await readFile(join(out, 'tiny-smoke', 'report.html'), 'utf8');
  assert.match(page, /<h2 id="sheet-0">Top-1 beside the paper&#39;s<\/h2>/);
  assert.match(page, /<th scope="row">SCL<\/th><td>\d+\.\d\d ± \d+\.\d\d<\/td><td>97\.31<\/td>/);
  assert.match(page, /id="chart-s_dbw"/);
  // Nothing has trained the classifier of what they begin with.
  assert.match(page, /<tr class="reference"><th scope="row">Checkpoint<\/th><td><span>–<\/span><\/td>/);

  const third = await all();
  assert.not.match(third.stderr, /^cell /m);
  assert.is(await readFile(join(out, 'tiny-smoke', 'table.md'), 'utf8'), markdown);
});

test('what is missing for the paper is told in one sentence, and what has no effect is refused', async () => {
  const paper = await coinHere(
    'reproduce',
    'table1',
    '--scale',
    'paper',
    '--datasets',
    'cifar10,dtd',
    '--data',
    folder,
  );
  assert.is(paper.code, 1);
  assert.match(
    paper.stderr,
    /^error: Table 1: .* at the scale "paper" cannot be made without CIFAR-10 \(.*cifar10\), DTD \(.*dtd\), the self-supervised checkpoint \(--weights FILE\), the supervised checkpoint \(--supervised FILE\)\.\n$/,
  );
  const smoke = await coinHere('reproduce', 'table1', '--data', folder);
  assert.match(smoke.stderr, /^error: --data has no effect at the scale "smoke"/);
  assert.is(smoke.code, 1);
});

test('a queue that is wrong or cannot be reached, and options that need one, are refused in one sentence', async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const refused: [args: string[], message: RegExp][] = [
    [['worker'], /^error: required option '--queue <url>' not specified/],
    [
      ['worker', '--queue', 'localhost'],
      /^error: "localhost" is no address of a queue; it must be like redis:\/\/HOST:6379\.\n$/,
    ],
    [['worker', '--queue', url], /^error: The queue redis:\S+ cannot be reached \(connect ECONNREFUSED \S+\); .*\n$/],
    [
      ['worker', '--queue', url, '--silence', '0'],
      /^error: option '--silence <seconds>' .* It must be a number above 0\./,
    ],
    [
      ['reproduce', 'table1', '--queue', url],
      /^error: The queue redis:\S+ cannot be reached \(connect ECONNREFUSED \S+\); .*\n$/,
    ],
    [['reproduce', 'table1', '--queue', url, '--list'], /^error: --queue has no effect beside --list; /],
    [['reproduce', 'table1', '--priority', '3'], /^error: --priority has no effect without --queue; /],
    [['reproduce', 'table1', '--queue', url, '--priority', '2097152'], /It must be at most 2097151\./],
  ];
  for (const [args, message] of refused) {
    const { code, stderr } = await coinHere(...args);
    assert.match(stderr, message);
    assert.is(code, 1);
  }
});

test('the list has every cell as JSON, and runs none', async () => {
  const { stdout, code } = await coinHere(
    'reproduce',
    'table1',
    '--list',
    '--seeds',
    '3,4',
    '--out',
    join(folder, 'none'),
  );
  assert.is(code, 0);
  const cells = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.is(cells.length, 2 * 15);
  assert.equal(
    cells
      .filter(({ row, seed }) => row === 'SCL' && seed === 4)
      .map(({ finished, cell }) => [finished, cell.settings.method]),
    [[false, 'scl']],
  );
  assert.is(new Set(cells.map(({ hash }) => hash)).size, cells.length);
});

test('only the rows of some methods are made, and a method without a row is refused', async () => {
  const list = (...options: string[]) => coinHere('reproduce', ...options, '--list', '--out', join(folder, 'none'));
  const { stdout } = await list('table1', '--methods', 'ce-tuning,coin,bss');
  assert.equal(stdout.match(/(?<="row":")[^"]*/g), ['CE-Tuning', 'BSS', 'COIN, α = 0.3', 'COIN + BSS, α = 0.3']);
  const without = await list('table5', '--methods', 'ce-tuning,bss');
  assert.is(without.code, 1);
  assert.match(without.stderr, /^error: Table 5: .* has no row of the method bss; leave it out\.\n$/);
  assert.match((await list('table1', '--methods', 'sgd')).stderr, /There is no method named sgd\./);
});

test.run();
