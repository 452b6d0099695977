import { selectCompared } from '../../../bench/peers/cases.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('what is compared with peers');

test('two matrix products, the three passes of three convolutions, and three networks', () => {
  const { kernels, networks } = selectCompared('');
  assert.equal(
    kernels.map(({ name }) => name),
    [
      'matmul 512 NN',
      'matmul 1024 NN',
      ...['3x3 s1 N16 C64 16x16 K64', '3x3 s2 N16 C64 16x16 K128', '1x1 s1 N16 C64 16x16 K128'].flatMap((conv) =>
        ['forward', 'dgrad', 'wgrad'].map((pass) => `conv ${conv} ${pass}`),
      ),
    ],
  );
  assert.is(networks.length, 3);
  assert.ok(kernels.every(({ problem }) => problem));
});

test('words choose among them', () => {
  const { kernels, networks } = selectCompared('ResNet-8');
  assert.equal([kernels.length, networks.map(({ name }) => name)], [0, ['train ResNet-8 32x32x3 B32']]);
  assert.throws(() => selectCompared('ResNet-9'), /matches "ResNet-9"/);
});

test.run();
