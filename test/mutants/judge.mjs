// Puts a fault into the bundle of a test, in a folder of its own, and runs that. The tree stays as it is.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { browserText, bundle, bundleTests, importTypeScript, node } from '../../src/build/bundle.mjs';
import { filesBelow } from '../../src/build/files.mjs';

/** Seconds after which a test counts as hanging. */
const PATIENCE = 180;

/** What is built anew for each fault. */
const BUILT = ['dist', 'out'];

/** A folder that looks like the root, but for what is built. Inside of out/, so that packages are found from there. */
function scratchCopy() {
  mkdirSync('out', { recursive: true });
  const folder = mkdtempSync(join('out', 'mutants-'));
  for (const name of readdirSync('.'))
    if (!BUILT.includes(name) && !name.startsWith('.git')) symlinkSync(resolve(name), join(folder, name));
  return folder;
}

/** How often a text stands in a file. */
export const occurrences = ({ file, text }) =>
  existsSync(file) ? readFileSync(file, 'utf8').split(text).length - 1 : 0;

/** Puts a fault into its file while that is bundled. */
const mutating = ({ file, text, replacement }) => ({
  name: 'mutating',
  setup({ onLoad }) {
    const path = resolve(file);
    onLoad({ filter: /\.(ts|mjs|wgsl)$/ }, (loaded) =>
      loaded.path === path
        ? {
            contents: readFileSync(path, 'utf8').replace(text, () => replacement),
            loader: path.endsWith('.wgsl') ? 'text' : 'ts',
          }
        : null,
    );
  },
});

/**
 * Runs a test, with a fault or without one. Returns how many tests passed and failed, both 0 where the run ended before it
 * could tell; hanging is a failure.
 */
async function runTest(folder, { file, name }, mutant) {
  const options = { ...node, logLevel: 'silent', plugins: [...(mutant ? [mutating(mutant)] : []), browserText] };
  await bundleTests([file], join(folder, 'out', 'test.mjs'), options);
  // Commands in processes of their own run what is in dist/.
  if (file.startsWith('cli/'))
    await bundle({ entryPoints: ['src/cli/main.ts'], outfile: join(folder, 'dist', 'coin.js'), ...options });
  const child = spawn(process.execPath, ['--enable-source-maps', 'out/test.mjs', name], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  let hangs = false;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Everything has ended already.
    }
  };
  const timer = setTimeout(() => {
    hangs = true;
    stop();
  }, 1000 * PATIENCE);
  await new Promise((done) => child.on('close', done).on('exit', stop));
  clearTimeout(timer);
  const [, passed = 0, failed = 0] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? [];
  return { passed: Number(passed), failed: hangs ? 1 : Number(failed) };
}

/**
 * Judges mutants: whether the test that should notice each one fails with it, having passed without.
 * @param {import('./mutant.ts').Mutant[]} mutants
 * @param {(line: string) => void} print
 * @returns how many were killed, survived, and could not be judged.
 */
export async function judge(mutants, print) {
  const counts = { killed: 0, survived: 0, wrong: 0 };
  const tell = (verdict, { what, file, test }, why) => {
    counts[verdict] += 1;
    print(`${verdict.padEnd(8)}  ${file}: ${what}${why ? `: ${why}` : ` (${test.file}: ${test.name})`}`);
  };
  const folder = scratchCopy();
  const passing = new Map();
  try {
    for (const mutant of mutants) {
      const found = occurrences(mutant);
      if (found !== 1) {
        tell('wrong', mutant, `the text ${JSON.stringify(mutant.text)} is there ${found} times and not once`);
        continue;
      }
      const key = JSON.stringify(mutant.test);
      if (!passing.has(key)) {
        const { passed, failed } = await runTest(folder, mutant.test);
        passing.set(key, passed > 0 && failed === 0);
      }
      if (!passing.get(key)) {
        tell('wrong', mutant, `no test "${mutant.test.name}" of ${mutant.test.file} passes without it`);
        continue;
      }
      const result = await runTest(folder, mutant.test, mutant).catch(() => undefined);
      if (!result) tell('wrong', mutant, 'it is no program');
      else if (result.passed + result.failed === 0) tell('wrong', mutant, 'the run ended before it told a result');
      else tell(result.failed > 0 ? 'killed' : 'survived', mutant);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return counts;
}

/** All lists, one after the other. */
export async function listedMutants() {
  const lists = filesBelow('test/mutants', '.ts').filter((path) => path !== 'mutant.ts');
  const modules = await Promise.all(lists.map((path) => importTypeScript(join('test/mutants', path))));
  return modules.flatMap(({ mutants }) => mutants);
}
