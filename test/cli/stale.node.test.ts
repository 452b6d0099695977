import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, suite } from '../harness.ts';
import { run } from './coin.ts';

const test = suite('kernels edited since the last build');

test('are told in a sentence by what runs those of the build', async () => {
  // Inside of the project, so that packages are found.
  const folder = await mkdtemp(join('out', 'stale-'));
  try {
    await cp('dist/coin.js', join(folder, 'dist', 'coin.js'));
    await cp('kernels', join(folder, 'kernels'), { recursive: true });
    const coin = (...args: string[]) => run(join(folder, 'dist', 'coin.js'), ...args);
    const told = async () => (await coin('bench', 'relu', '--list')).stderr.match(/^note: kernels.*$/gm) ?? [];
    assert.equal(await told(), []);
    const path = join(folder, 'kernels', 'elementwise', 'relu.wgsl');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('relu(x[i])', 'relu(2.0 * x[i])'));
    const because = 'changed since the last build, whose kernels are what runs here: npm run build takes them in.';
    assert.equal(await told(), [`note: kernels/elementwise/relu.wgsl has ${because}`]);
    await appendFile(join(folder, 'kernels', 'lib', 'relu.wgsl'), '// edited\n');
    assert.equal(await told(), [`note: kernels/elementwise/relu.wgsl and 1 more have ${because}`]);
    const { code, stdout, stderr } = await coin('kernel', 'elementwise/relu');
    assert.equal([code, stderr, stdout.includes('relu(2.0 * x[i])')], [0, '', true]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
