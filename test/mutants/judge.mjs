// Puts a fault into the bundle of a test, in a folder of its own, and runs that. The tree stays as it is.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { browserText, bundler, importTypeScript, node, ofTests } from '../../src/build/bundle.mjs';
import { filesBelow } from '../../src/build/files.mjs';
import { MARK } from '../watch.mjs';

/** What is made anew for each fault: the products of builds, and a place for what tests leave behind. */
const OWN = ['dist', 'out', 'tmp'];

/** Seconds that a test may take without a fault. */
const LONGEST = 600;

/** A test hangs that takes so many seconds, and so many times as long as without a fault. */
const PATIENCE = { seconds: 30, times: 10 };

/** A folder that looks like the root, but for what is built. Inside of out/, so that packages are found from there. */
function scratchCopy() {
  mkdirSync('out', { recursive: true });
  const folder = mkdtempSync(join('out', 'mutants-'));
  for (const name of readdirSync('.'))
    if (!OWN.includes(name) && !name.startsWith('.git')) symlinkSync(resolve(name), join(folder, name));
  for (const name of OWN) mkdirSync(join(folder, name));
  return folder;
}

/** How often a text stands in a file. */
export const occurrences = ({ file, text }) =>
  existsSync(file) ? readFileSync(file, 'utf8').split(text).length - 1 : 0;

/** Puts the fault of the moment, if any, into its file while that is bundled. */
const mutating = (files, current) => ({
  name: 'mutating',
  setup({ onLoad }) {
    const paths = [...files].map((file) => resolve(file).replace(/[^\w/]/g, '\\$&'));
    onLoad({ filter: new RegExp(`^(${paths.join('|')})$`) }, ({ path }) => {
      const { file, text, replacement } = current() ?? {};
      if (!file || resolve(file) !== path) return null;
      const contents = readFileSync(path, 'utf8').replace(text, () => replacement);
      return { contents, loader: path.endsWith('.wgsl') ? 'text' : 'ts' };
    });
  },
});

/** Builds a test file, and for tests of commands what processes of their own run, with one fault after the other. */
async function createBuilder(folder, test, files) {
  let mutant;
  const options = { ...node, logLevel: 'silent', plugins: [mutating(files, () => mutant), browserText] };
  const tests = { ...ofTests([test], join(folder, 'out', 'test.mjs')), sourcemap: false };
  const commands = { entryPoints: ['src/cli/main.ts'], outfile: join(folder, 'dist', 'coin.js') };
  const wanted = test.startsWith('cli/') ? [tests, commands] : [tests];
  const bundlers = await Promise.all(wanted.map((each) => bundler({ ...each, ...options })));
  return {
    build(fault) {
      mutant = fault;
      return Promise.all(bundlers.map((each) => each.rebuild()));
    },
    dispose: () => Promise.all(bundlers.map((each) => each.dispose())),
  };
}

/**
 * Runs the tests of a name until the first one fails. Returns how many passed, what the failure says, and whether the run was
 * over by itself; hanging is a failure.
 */
async function runTests(folder, name, seconds, stopping) {
  const env = { ...process.env, TEST_WATCHED: '1', TMPDIR: resolve(folder, 'tmp') };
  const child = spawn(process.execPath, ['out/test.mjs', name], {
    ...{ cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
  });
  const result = { passed: 0, failure: undefined, isOver: false };
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Everything has ended already.
    }
  };
  stopping.add(stop);
  let running = 'start';
  let latest = Infinity;
  const hear = (status) => {
    result.passed = status.passed;
    result.failure ??= status.failures[0] ?? (status.failed > 0 ? `FAIL ${running}` : undefined);
    result.isOver ||= status.isOver;
    running = status.running;
    latest = performance.now() + 1000 * status.seconds;
    if (result.failure) stop();
  };
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop();
    // A test may have begun the line.
    for (const line of lines) if (line.includes(MARK)) hear(JSON.parse(line.slice(line.lastIndexOf(MARK) + 1)));
  });
  const timer = setTimeout(() => {
    result.failure ??= `FAIL ${running}\n    It hangs.`;
    stop();
  }, 1000 * seconds);
  await new Promise((done) => child.on('close', done).on('exit', stop));
  clearTimeout(timer);
  // A test that hangs while it catches what is printed is ended in silence.
  if (!result.isOver && performance.now() >= latest) result.failure ??= `FAIL ${running}\n    It hangs.`;
  stopping.delete(stop);
  return result;
}

/** Why a failure tells nothing of what a fault does: it kept the test from being asked. Undefined where it does tell. */
function beside(failure, { file }) {
  const [where, what = ''] = failure.split('\n    ');
  if (!where.includes(', ') || / (hook|while it loads)$/.test(where))
    return `it is not a test that fails: ${where}: ${what}`;
  if (/^(Reference|Syntax)Error: /.test(what)) return `it is no program: ${what}`;
  if (file.endsWith('.wgsl') && /^\w*Error: kernels\/\S+\.wgsl:\d+:\d+: /.test(what)) return `it is no kernel: ${what}`;
}

/**
 * Judges mutants: whether the test that should notice each one fails with it, having passed without. Those of one test follow
 * each other, so that what they share is built once.
 * @param {import('./mutant.ts').Mutant[]} mutants
 * @param {(line: string) => void} print
 * @param {{ jobs?: number }} [options] how many are judged at a time
 * @returns how many were killed, survived, and could not be judged.
 */
export async function judge(mutants, print, { jobs = 1 } = {}) {
  const counts = { killed: 0, survived: 0, wrong: 0 };
  const tell = (verdict, { what, file, test }, why = `${test.file}: ${test.name}`) => {
    counts[verdict] += 1;
    print(`${verdict.padEnd(8)}  ${file}: ${what} (${why.split('\n')[0]})`);
  };
  const placed = [];
  for (const mutant of mutants) {
    const found = occurrences(mutant);
    if (found === 1) placed.push(mutant);
    else tell('wrong', mutant, `the text ${JSON.stringify(mutant.text)} is there ${found} times and not once`);
  }
  const byFile = groupedBy(placed, ({ test }) => test.file);
  const waiting = [...byFile.values()].flatMap((alike) =>
    [...groupedBy(alike, ({ test }) => test.name).values()].flat(),
  );
  const stopping = new Set();

  /** The seconds that each test takes without a fault, or what is wrong with it. */
  const durations = new Map();
  const durationOf = ({ file, name }, folder, { build }) => {
    const key = `${file} ${name}`;
    if (!durations.has(key)) durations.set(key, measured(name, folder, build));
    return durations.get(key);
  };
  async function measured(name, folder, build) {
    await build();
    const start = performance.now();
    const { passed, failure, isOver } = await runTests(folder, name, LONGEST, stopping);
    const seconds = (performance.now() - start) / 1000;
    return isOver && passed > 0 && !failure ? { seconds } : { why: failure?.replace(/\n\s*/g, ' ') ?? 'none is run' };
  }

  async function judgeOne(mutant, folder, builder) {
    const { seconds, why: idle } = await durationOf(mutant.test, folder, builder);
    if (idle)
      return tell('wrong', mutant, `${mutant.test.file}: "${mutant.test.name}" does not pass without it: ${idle}`);
    const isBuilt = await builder.build(mutant).then(
      () => true,
      () => false,
    );
    if (!isBuilt) return tell('wrong', mutant, 'it is no program');
    const most = PATIENCE.seconds + PATIENCE.times * seconds;
    const { passed, failure, isOver } = await runTests(folder, mutant.test.name, most, stopping);
    const why = failure && beside(failure, mutant);
    if (why) tell('wrong', mutant, why);
    else if (failure) tell('killed', mutant, failure.replace(/^FAIL test\//, ''));
    else if (!isOver || passed === 0) tell('wrong', mutant, 'the run ended before it told a result');
    else tell('survived', mutant);
  }

  const work = async () => {
    const folder = scratchCopy();
    const remove = () => rmSync(folder, { recursive: true, force: true });
    stopping.add(remove);
    let builder;
    let builds = '';
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const { file } = mutant.test;
      if (file !== builds) {
        await builder?.dispose();
        builder = await createBuilder(folder, file, new Set(byFile.get(file).map((own) => own.file)));
        builds = file;
      }
      await judgeOne(mutant, folder, builder);
    }
    await builder?.dispose();
    stopping.delete(remove);
    remove();
  };
  const leave = () => {
    for (const stop of stopping) stop();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, leave);
  await Promise.all(Array.from({ length: jobs }, work));
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, leave);
  return counts;
}

function groupedBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** All lists, one after the other, each under the name of its file. */
export async function listedMutants() {
  const lists = filesBelow('test/mutants', '.ts').filter((path) => path !== 'mutant.ts');
  const modules = await Promise.all(lists.map((path) => importTypeScript(join('test/mutants', path))));
  return modules.flatMap(({ mutants }, i) => mutants.map((mutant) => ({ ...mutant, list: basename(lists[i], '.ts') })));
}
