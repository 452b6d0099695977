import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { assert, suite } from './harness.ts';
import type { Mutant } from './mutants/mutant.ts';

/** As the program loads it, not bundled with this test: it bundles tests itself. */
const { judge, listedMutants, occurrences } = (await import(pathToFileURL(resolve('test/mutants/judge.mjs')).href)) as {
  judge(mutants: readonly Mutant[], print: (line: string) => void): Promise<Record<string, number>>;
  listedMutants(): Promise<Mutant[]>;
  occurrences(mutant: Mutant): number;
};

const test = suite('mutants');

test('each listed one has its place and its test', async () => {
  const mutants = await listedMutants();
  assert.ok(mutants.length >= 20);
  for (const mutant of mutants) {
    assert.is(occurrences(mutant), 1, `${mutant.file} has not once: ${mutant.text}`);
    assert.ok(existsSync(`test/${mutant.test.file}`), mutant.test.file);
  }
});

test('one is killed by a test that fails with it, survives one that passes, and is wrong where there is nothing to judge', async () => {
  const fault: Mutant = {
    what: 'a quantile is another',
    file: 'src/quantile.ts',
    text: '(sorted.length - 1)',
    replacement: 'sorted.length',
    test: { file: 'quantile.test.ts', name: '' },
  };
  const lines: string[] = [];
  const counts = await judge(
    [
      fault,
      { ...fault, replacement: '(-1 + sorted.length)' },
      { ...fault, text: 'is not there' },
      { ...fault, replacement: ') no program (' },
      { ...fault, replacement: 'nobody.declared.this' },
      { ...fault, test: { file: 'quantile.test.ts', name: 'a test that is not there' } },
    ],
    (line) => lines.push(line),
  );
  assert.equal(counts, { killed: 1, survived: 1, wrong: 4 });
  assert.equal(
    lines.map((line) => line.split(' ')[0]),
    ['wrong', 'killed', 'survived', 'wrong', 'wrong', 'wrong'],
  );
});

test.run();
