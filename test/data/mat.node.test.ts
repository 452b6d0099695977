import { type MatValue, readMat } from '../../src/data/mat.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { matOf } from './mat.ts';

const test = suite("MATLAB's files");

// scipy 1.17 wrote them: savemat({'annotations': …, 'class_names': …, …}, do_compression=False and True).
for (const file of ['scipy.mat', 'scipy-compressed.mat'])
  test(`${file}, written by scipy, is read: structs, cells, texts and all kinds of numbers`, async () => {
    const variables = await readMat(await fixture(`test/fixtures/${file}`), file);
    assert.equal([...variables.keys()].sort(), ['annotations', 'class_names', 'e', 'f', 'i', 'labels', 's', 'x']);
    const annotations = variables.get('annotations') as MatValue & { kind: 'struct' };
    assert.equal(annotations.dims, [1, 3]);
    assert.equal(
      annotations.elements.map((element) => [...element].map(([name, value]) => [name, plain(value)])),
      [
        [
          ['bbox_x1', [39]],
          ['class', [14]],
          ['fname', '00001.jpg'],
        ],
        [
          ['bbox_x1', [300]],
          ['class', [196]],
          ['fname', '00002.jpg'],
        ],
        [
          ['bbox_x1', [70000]],
          ['class', [1]],
          ['fname', '00003.jpg'],
        ],
      ],
    );
    const names = variables.get('class_names') as MatValue & { kind: 'cell' };
    assert.equal(names.cells.map(plain), ['AM General Hummer SUV 2000', 'Bücher C/V']);
    assert.equal(variables.get('labels'), { kind: 'numbers', dims: [1, 4], values: [77, 77, 1, 102] });
    // Column by column.
    assert.equal(variables.get('x'), { kind: 'numbers', dims: [2, 2], values: [1.5, 3, -2.25, 4e10] });
    assert.equal(variables.get('e'), { kind: 'numbers', dims: [0, 0], values: [] });
    assert.equal([plain(variables.get('f')), plain(variables.get('i'))], [[1.5], [-5]]);
    assert.equal(variables.get('s'), { kind: 'other' });
  });

const plain = (value: MatValue | undefined) =>
  value?.kind === 'numbers' ? value.values : value?.kind === 'text' ? value.text : value;

for (const compressed of [true, false])
  test(`what MATLAB writes is read, ${compressed ? '' : 'not '}compressed`, async () => {
    const variables = await readMat(
      matOf(
        { a: [1, 300, 2], n: { cell: ['Ram C/V', 'ß'] }, s: { struct: [{ class: [7], fname: 'x.jpg' }] } },
        { compressed },
      ),
      'a.mat',
    );
    assert.equal(plain(variables.get('a')), [1, 300, 2]);
    assert.equal((variables.get('n') as MatValue & { kind: 'cell' }).cells.map(plain), ['Ram C/V', 'ß']);
    const [struct] = (variables.get('s') as MatValue & { kind: 'struct' }).elements;
    assert.equal([plain(struct?.get('class')), plain(struct?.get('fname'))], [[7], 'x.jpg']);
  });

test('files that are no such thing are refused in one sentence', async () => {
  const wrong = (change: (bytes: Uint8Array) => Uint8Array) =>
    refusal(readMat(change(matOf({ labels: [1, 2, 3] })), 'a.mat'));
  const head = "a.mat cannot be read as MATLAB's file of version 5: ";
  assert.is(await wrong((bytes) => bytes.subarray(0, 90)), `${head}it has 90 bytes, and the header alone has 128.`);
  assert.is(await wrong((bytes) => bytes.subarray(0, 160)), `${head}an element goes beyond the end.`);
  const set = (at: number, value: number) => (bytes: Uint8Array) => bytes.fill(value, at, at + 1);
  assert.is(await wrong(set(150, 0)), `${head}a compressed part does not unpack.`);
  assert.is(await wrong(set(126, 0)), `${head}its header is another.`);
  assert.is(
    await wrong((bytes) => set(126, 0x4d)(set(127, 0x49)(bytes))),
    `${head}it was written by a big-endian machine.`,
  );
  assert.is(
    await wrong((bytes) => set(1, 0x48)(set(126, 0)(bytes))),
    `${head}it is an HDF5 file (version 7.3); save it with "-v7".`,
  );
});

test('1,000 damaged files are read or refused, and nothing else', async () => {
  const whole = await fixture('test/fixtures/scipy.mat');
  for (let i = 0; i < 1000; i++) {
    const bytes = whole.slice(0, i % 3 === 0 ? 129 + ((i * 7919) % (whole.length - 129)) : whole.length);
    bytes[128 + ((i * 104729) % (bytes.length - 128))] = (i * 31) % 256;
    const said = await refusal(readMat(bytes, 'a.mat'));
    assert.match(said, /^(nothing was refused|a\.mat cannot be read as MATLAB's file of version 5: .*\.)$/);
  }
});

test.run();
