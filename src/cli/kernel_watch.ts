import { watch } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inWords } from '../bench/comparison.ts';
import type { Case } from '../conformance/case.ts';
import type { Modules } from '../gpu/kernel/compose.ts';
import { requestDevice } from '../node.ts';
import type { Finding } from '../workbench/judge.ts';
import { createWorkbench } from '../workbench/workbench.ts';
import { foldersIn, listCases } from './cases.ts';
import { readModules } from './modules.node.ts';
import { listenForInterruption } from './signals.node.ts';

/** Editors write a file in several steps. */
const SETTLED = 30;

/**
 * Judges a kernel at each save of a module: the check, gradients included, and where that passes its times beside those that
 * it had at first. Ends with an interrupt.
 */
export async function watchKernel(name: string, folder: string): Promise<void> {
  const device = await requestDevice();
  console.error(device.description);
  // Before what is compared with is read, so that a save meanwhile is judged too.
  const saves = watchModules(folder, await readModules(folder));
  const workbench = await createWorkbench(device, name, {
    modules: await readModules(folder),
    golden: await goldenCases(),
  });
  console.log(
    `watching ${folder} for ${name}: ${workbench.checks} checks launch it, ` +
      (workbench.bench ? `and its time is that of ${workbench.bench}` : 'and no benchmark does'),
  );
  if (workbench.checks === 0)
    console.log(`no check launches ${name} on this adapter: what is said of it is that it compiles`);

  for await (const paths of saves) {
    const start = performance.now();
    const say = (text: string) => console.log(`  ${((performance.now() - start) / 1000).toFixed(2)} s  ${text}`);
    console.log(`${new Date().toTimeString().slice(0, 8)} saved ${paths.join(', ')}`);
    for await (const finding of workbench.judge(await readModules(folder)))
      for (const line of linesOf(finding, name)) say(line);
    await device.idle();
  }
}

/** Those of all folders of this package's repository; an installed package has none, and is held to gradient checks alone. */
async function goldenCases(): Promise<Case[]> {
  const folders = await foldersIn(fileURLToPath(new URL('../test/golden', import.meta.url)));
  const files = await listCases(folders).catch(() => []);
  const cases = await Promise.all(files.map(({ read }) => read()));
  return cases.filter((golden): golden is Case => !('check' in golden));
}

/** The modules that were saved, whenever some were, from this call until an interrupt. */
function watchModules(folder: string, modules: Modules): AsyncGenerator<string[]> {
  const paths = new Set<string>();
  let wake = () => {};
  // A watcher a folder: Node's own recursion on Linux watches files, and loses one that an editor replaces.
  const families = new Set(Object.keys(modules).map((path) => posix.dirname(path)));
  const watchers = [...families].map((family) =>
    watch(join(folder, family), (_event, name) => {
      if (!name?.endsWith('.wgsl')) return;
      paths.add(posix.join(family, name));
      wake();
    }),
  );
  const interruption = listenForInterruption();
  const { signal } = interruption;
  signal.addEventListener('abort', () => wake());

  async function* saves() {
    try {
      while (true) {
        const woken = new Promise<void>((done) => {
          wake = done;
        });
        if (paths.size === 0 && !signal.aborted) await woken;
        if (signal.aborted) return;
        await new Promise((done) => setTimeout(done, SETTLED));
        const settled = [...paths];
        paths.clear();
        yield settled;
      }
    } finally {
      for (const watcher of watchers) watcher.close();
      interruption.close();
    }
  }
  return saves();
}

function linesOf(finding: Finding, watched: string): string[] {
  switch (finding.kind) {
    case 'changed':
      if (finding.kernels.length === 0) return ['no kernel changes'];
      return [`changes ${namesOf(finding.kernels)}${finding.kernels.includes(watched) ? '' : `, but not ${watched}`}`];
    case 'broken':
      return [finding.message];
    case 'wrong':
      return ['WRONG, so it is not timed:', ...finding.failures.map((failure) => `  ${failure}`)];
    case 'checking':
      return [];
    case 'right':
      return [`right: ${finding.checked} of ${finding.of} checks pass`];
    case 'timed': {
      const { before, after } = finding.comparison;
      const times = `${before.toPrecision(3)} → ${after.toPrecision(3)} ms`;
      return [`${finding.kernel}: ${inWords(finding.comparison)}; ${times}, ${finding.bench}`];
    }
  }
}

/** A few, and how many more. */
function namesOf([first = '', second, third, ...more]: readonly string[]): string {
  const few = [first, second, third].filter(Boolean).join(', ');
  return more.length > 0 ? `${few} and ${more.length} more` : few;
}
