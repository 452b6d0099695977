import { build } from 'esbuild';
import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { assert, suite } from '../harness.ts';

const test = suite('what of the library a bundle takes');

/** A line of each module that no other has and that stands in a bundle as it is. */
const MARKS = Object.entries(modules).map(([path, text]) => {
  const others = Object.entries(modules).filter(([other]) => other !== path);
  const isOwn = (line: string) => others.every(([, other]) => !other.includes(line));
  const mark = text.split('\n').find((line) => line.length > 12 && !/["'`\\$]|[^ -~]/.test(line) && isOwn(line));
  if (mark === undefined) throw new Error(`kernels/${path} has no line of its own.`);
  return { path, mark };
});

/** The modules of kernels in a bundle of the library's exports of these names. */
async function modulesWith(...names: string[]): Promise<string[]> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names.join(', ')} } from './dist/index.js';`, resolveDir: '.' },
    ...{ bundle: true, format: 'esm', platform: 'browser', write: false },
  });
  const text = outputFiles[0]!.text;
  return MARKS.filter(({ mark }) => text.includes(mark)).map(({ path }) => path);
}

const ofKernels = (...names: (keyof typeof kernels)[]) =>
  [...new Set(names.flatMap((name) => Object.keys(kernels[name].modules)))].sort();

test('no kernel with what launches none', async () => {
  assert.equal(await modulesWith('readSafetensors'), []);
  assert.equal(await modulesWith('compile', 'createTape', 'requestDevice', 'tune'), []);
});

test('with an op its own kernels alone, each text once', async () => {
  assert.equal(
    await modulesWith('compile', 'createTape', 'relu'),
    ofKernels('elementwise/relu', 'elementwise/relu_backward'),
  );
  assert.equal(
    await modulesWith('softmax'),
    ofKernels('softmax/forward', 'softmax/forward_scalar', 'softmax/backward', 'softmax/backward_scalar'),
  );
});

test('with everything all that ops and optimizers launch, and not what only benchmarks do', async () => {
  const names = Object.keys(await import('../../src/index.ts'));
  const all = MARKS.map(({ path }) => path).filter((path) => !path.startsWith('roof/'));
  assert.equal(await modulesWith(...names), all);
});
