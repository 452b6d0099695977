import { readFile } from 'node:fs/promises';
import { assert } from '../harness.ts';

/** The arguments of the one command that README shows with these words, with what stands in for its paths. */
export async function readmeCommand(words: string, stands: Readonly<Record<string, string>>): Promise<string[]> {
  const lines = (await readFile('README.md', 'utf8')).split('\n');
  const shown = lines.filter((line) => line.startsWith('npx coin ') && line.replace(/ +#.*/, '').includes(words));
  assert.is(shown.length, 1, `README shows ${words}`);
  const [, , ...args] = (shown[0] as string).replace(/ +#.*/, '').split(/ +/);
  return args.map((word) => stands[word] ?? word);
}
