import { convertFloat, type HostTensor, toFloat32 } from '../../src/weights/host-tensor.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('safetensors');

test('reads a file that another program wrote', async () => {
  const { tensors } = readSafetensors(await fixture('test/golden/checkpoints/odd.expected.safetensors'), 'odd');
  assert.equal(
    [...tensors].map(([name, { shape }]) => `${name} ${shape}`),
    [
      ...['plain 3,4', 'scalar 1', 'empty 0,5', 'strided 8,6', 'view_a 3,8', 'view_b 3,4', 'parameter 5'],
      ...['half 4,4', 'bfloat16 4,4', 'double 3'],
    ],
  );
  assert.is(tensors.get('empty')?.data.length, 0);
  assert.equal([...toFloat32(tensors.get('double')!)], [0.5492100715637207, -0.2053036391735077, 0.36717909574508667]);
});

test('reads metadata', async () => {
  const { metadata } = readSafetensors(await fixture('test/golden/relu-00.safetensors'), 'relu-00');
  assert.is(metadata.op, 'relu');
});

const header = (text: string, dataBytes = 0) => {
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};
const entry = (begin: number, end: number, shape = [1], dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;

test('reads every element type', () => {
  const types: [string, number, number[]][] = [
    ['F64', 8, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]],
    ['F32', 4, [0, 0, 0xc0, 0x3f]],
    ['F16', 2, [0, 0x3e]],
    ['BF16', 2, [0xc0, 0x3f]],
    ['I64', 8, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['I32', 4, [0xfe, 0xff, 0xff, 0xff]],
    ['I16', 2, [0xfe, 0xff]],
    ['I8', 1, [0xfe]],
    ['U8', 1, [0xfe]],
    ['BOOL', 1, [1]],
  ];
  const want = [1.5, 1.5, 1.5, 1.5, -2, -2, -2, -2, 254, 1];
  types.forEach(([dtype, size, element], i) => {
    const bytes = header(`{"t":${entry(0, size, [1], dtype)}}`, size);
    bytes.set(element, bytes.length - size);
    // The same at an odd address, where the data cannot be a view.
    const moved = new Uint8Array(bytes.length + 1).subarray(1);
    moved.set(bytes);
    for (const file of [bytes, moved]) {
      const tensor = readSafetensors(file, 't').tensors.get('t')!;
      assert.is(tensor.dtype, dtype);
      assert.equal([...toFloat32(tensor)], [want[i]]);
    }
  });
});

test('half precision: zeros, subnormals, the largest and what is no number', () => {
  // The bits and their values are numpy's.
  const bits = [0, 15360, 49152, 31743, 1, 31744, 64512, 32256, 13653, 1023];
  const want = [0, 1, -2, 65504, 2 ** -24, Infinity, -Infinity, NaN, 0.333251953125, 6.097555160522461e-5];
  const tensor: HostTensor = { dtype: 'F16', shape: [bits.length], data: Uint16Array.from(bits) };
  assert.equal([...toFloat32(tensor)], [...Float32Array.from(want)]);
});

test('floats become those of 16 bits that are nearest, of two equally near the even one', () => {
  const words = Uint32Array.of(0x3f807fff, 0x3f808000, 0x3f808001, 0x3f818000, 0xbf808001, 0x7f7fffff, 0x7f800001);
  const wide: HostTensor = { dtype: 'F32', shape: [7], data: new Float32Array(words.buffer) };
  // The last two are the largest number, which is nearer to infinity, and what is no number.
  assert.equal([...convertFloat(wide, 'BF16').data], [0x3f80, 0x3f80, 0x3f81, 0x3f82, 0xbf81, 0x7f80, 0x7fc0]);
  const values = [1 + 2 ** -11, 1 + 3 * 2 ** -11, -1 - 2 ** -11 - 2 ** -20, 65519, 65520, 2 ** -25, 1.5 * 2 ** -25, -0];
  const own: HostTensor = { dtype: 'F32', shape: [8], data: Float32Array.from(values) };
  assert.equal([...convertFloat(own, 'F16').data], [0x3c00, 0x3c02, 0xbc01, 0x7bff, 0x7c00, 0, 1, 0x8000]);
});

const refused: [string, Uint8Array, RegExp][] = [
  ['an empty file', new Uint8Array(0), /f is not a safetensors file: it is empty; download it again/],
  ['seven bytes', Uint8Array.of(1, 0, 3, 4, 5, 6, 7), /f is not a safetensors file: it has 7 bytes, too few for/],
  [
    'a web page',
    new TextEncoder().encode('<html>404 Not Found</html>\n'),
    /f is not a safetensors file: it is a web page, as of a failed download; download it again\.$/,
  ],
  [
    "PyTorch's own file",
    new TextEncoder().encode(`PK\x03\x04${'\0'.repeat(26)}archive/data.pkl`),
    /f is not a safetensors file: it is PyTorch's own .* \(\.pth\); give it as --weights\.$/,
  ],
  ['no brace', header('[1]'), /f is not a safetensors file: its header does not begin with "\{"/],
  ['a cut header', header('{"a":1}').subarray(0, 12), /f is truncated: its header has 7 bytes but only 4 follow/],
  ['no JSON', header('{a}'), /f is not a safetensors file: its header is not JSON/],
  ['metadata that is no text', header('{"__metadata__":{"a":1}}'), /f is damaged: its __metadata__/],
  ['an entry that is no object', header('{"a":1}'), /f is damaged: tensor "a" is not described/],
  [
    'a type that is no name',
    header('{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}', 4),
    /type 4, which is no name/,
  ],
  ['a negative size', header(`{"a":${entry(0, 4, [-1])}}`, 4), /tensor "a" has the shape \[-1\]/],
  ['backward offsets', header(`{"a":${entry(4, 0)}}`, 4), /tensor "a" has the data_offsets \[4,0\]/],
  ['a wrong size', header(`{"a":${entry(0, 8)}}`, 8), /tensor "a" takes 4 bytes by its shape \[1\] of F32 but 8/],
  ['an overlap', header(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6), /"b" overlaps the data before it at byte 2/],
  ['a hole', header(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /a hole of 4 bytes lies before .* "b"/],
  ['cut data', header(`{"a":${entry(0, 4)}}`, 3), /f is truncated: its tensors take 4 bytes but only 3 follow/],
  ['a remainder', header(`{"a":${entry(0, 4)}}`, 5), /f is damaged: 1 bytes follow/],
];

for (const dtype of ['U16', 'U32', 'U64', 'F8_E4M3', 'F8_E5M2', 'F4', 'toString'])
  test(`a tensor of type ${dtype} hinders none but those who ask for it`, () => {
    const bytes = header(`{"w":${entry(0, 4)},"scale":${entry(4, 12, [1], dtype)}}`, 12);
    new DataView(bytes.buffer).setFloat32(bytes.length - 12, 1.5, true);
    const { tensors } = readSafetensors(bytes, 'f');
    assert.equal([...toFloat32(tensors.get('w')!)], [1.5]);
    assert.equal(tensors.get('scale')!.shape, [1]);
    const message = new RegExp(`^f: tensor "scale" has the element type ${dtype}, which is not supported; convert it`);
    assert.throws(() => toFloat32(tensors.get('scale')!), message);
    assert.throws(() => writeSafetensors(tensors), message);
  });

for (const [what, bytes, message] of refused) {
  test(`refuses ${what}`, () => assert.throws(() => readSafetensors(bytes, 'f'), message));
}

test('refuses the damaged checkpoints', async () => {
  const read = async (name: string) => {
    const bytes = await fixture(`test/golden/checkpoints/${name}`);
    return () => readSafetensors(bytes, name);
  };
  assert.throws(
    await read('refuse_header.safetensors'),
    /^refuse_header\.safetensors is not a safetensors file: .* at most 100000000 are allowed\.$/,
  );
  assert.throws(await read('refuse_offsets.safetensors'), /^refuse_offsets\.safetensors is damaged: tensor "plain"/);
});

test('a file written is read back', () => {
  const tensors = new Map<string, HostTensor>([
    ['flag', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ['weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ['steps', { dtype: 'I64', shape: [], data: BigInt64Array.of(2n ** 40n) }],
    ['naïve', { dtype: 'F16', shape: [1], data: Uint16Array.of(15360) }],
    ['none', { dtype: 'F32', shape: [0, 5], data: new Float32Array(0) }],
  ]);
  const read = readSafetensors(writeSafetensors(tensors, { epoch: '3', arch: 'resnet18' }), 'f');
  assert.equal([...read.tensors.keys()], ['steps', 'none', 'weight', 'naïve', 'flag']);
  for (const [name, tensor] of tensors) assert.equal(read.tensors.get(name), tensor);
  assert.equal(read.metadata, { epoch: '3', arch: 'resnet18' });
});

test('the bytes do not depend on the order of tensors and metadata', () => {
  const a: HostTensor = { dtype: 'I8', shape: [1], data: Int8Array.of(7) };
  const b: HostTensor = { dtype: 'I32', shape: [1], data: Int32Array.of(1) };
  const first = writeSafetensors(
    new Map([
      ['a', a],
      ['b', b],
    ]),
    { x: '1', y: '2' },
  );
  const second = writeSafetensors(
    new Map([
      ['b', b],
      ['a', a],
    ]),
    { y: '2', x: '1' },
  );
  assert.equal(first, second);
  assert.is(
    new TextDecoder().decode(first.subarray(8, first.length - 5)).trimEnd(),
    '{"__metadata__":{"x":"1","y":"2"},"b":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I8","shape":[1],"data_offsets":[4,5]}}',
  );
  assert.equal([...first.subarray(-5)], [1, 0, 0, 0, 7]);
  assert.is((first.length - 5) % 8, 0);
});

test('refuses to write what would not be read', () => {
  const write = (name: string, tensor: HostTensor) => () => writeSafetensors(new Map([[name, tensor]]));
  const data = new Float32Array(4);
  assert.throws(
    write('w', { dtype: 'F32', shape: [5], data }),
    /"w" cannot be written .* 4 elements, and its shape \[5\]/,
  );
  assert.throws(write('w', { dtype: 'I32', shape: [4], data }), /does not hold elements of type I32/);
  assert.throws(write('__metadata__', { dtype: 'F32', shape: [4], data }), /reserved/);
});

test.run();
