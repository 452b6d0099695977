import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { assert, suite } from '../harness.ts';
import { coinHere } from './in_process.ts';

const test = suite('bench s-dbw');

const rowsOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));

test('tells all forms of each number of dimensions, apart, with a time', async () => {
  const { code, stdout } = await coinHere('bench', 's-dbw', '--points', '300', '--dimensions', '1,64', '--rounds', '1');
  assert.is(code, 0);
  const [head, ...rows] = rowsOf(stdout);
  assert.equal(head, ['points', 'dimensions', 'classes', 'form', 'S_Dbw', 'Scat', 'Dens_bw', 'processor ms']);
  const forms = ['Tong', 'Kim', 'Halkidi', 'halkidi2001'];
  assert.equal(
    rows.map((row) => row.slice(0, 4)),
    ['1', '64'].flatMap((d) => forms.map((form) => ['300', d, '10', form])),
  );
  for (const [, d, , , score, scat, between, time] of rows) {
    assert.ok(Math.abs(Number(score) - Number(scat) - Number(between)) < 2e-4);
    // No box and no ball holds points of two classes where there are many dimensions.
    assert.is(Number(between) > 0, d === '1');
    assert.ok(Number(time) >= 0);
  }
});

test('takes features of a file, and says what one lacks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coin-'));
  const path = join(folder, 'features.safetensors');
  const features: HostTensor = { dtype: 'F32', shape: [4, 1], data: Float32Array.of(0, 1, 5, 7) };
  const labels: HostTensor = { dtype: 'I32', shape: [4], data: Int32Array.of(0, 0, 1, 1) };
  await writeFile(
    path,
    writeSafetensors(
      new Map([
        ['features', features],
        ['labels', labels],
      ]),
    ),
  );
  const { stdout } = await coinHere('bench', 's-dbw', '--of', path);
  // Deviations are ½ and 1, of all √8.1875; each has the share ½ of the points.
  const scat = ((0.5 + 1) / 2 / Math.sqrt(8.1875)).toFixed(4);
  assert.equal(rowsOf(stdout)[1]!.slice(0, 6), ['4', '1', '2', 'Tong', scat, scat]);
  await writeFile(path, writeSafetensors(new Map([['features', features]])));
  const { code, stderr } = await coinHere('bench', 's-dbw', '--of', path);
  assert.is(code, 1);
  assert.match(stderr, /^error: \S+ has no features with labels: "coin features --data" writes both/m);
  await rm(folder, { recursive: true });
});

test.run();
