import { type Handlers, readPickle } from '../../src/weights/pickle.ts';
import { assert, suite } from '../harness.ts';

const test = suite('pickles');

const read = (hex: string, call: Handlers['call'] = () => undefined): unknown => {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  return readPickle(bytes, 0, 'FILE', { persistent: () => undefined, call }).value;
};

// What Python's `pickle.dumps` writes in protocols 2 and 4.
const numbers: [value: unknown, protocol2: string, protocol4: string][] = [
  [-(2 ** 40), '80028a060000000000ff2e', '80049509000000000000008a060000000000ff2e'],
  [2 ** 40, '80028a060000000000012e', '80049509000000000000008a060000000000012e'],
  [-(2n ** 62n) - 1n, '80028a08ffffffffffffffbf2e', '8004950b000000000000008a08ffffffffffffffbf2e'],
  [2n ** 70n, '80028a090000000000000000402e', '8004950c000000000000008a090000000000000000402e'],
  [-(2 ** 31) - 1, '80028a05ffffff7fff2e', '80049508000000000000008a05ffffff7fff2e'],
  [-300, '80024ad4feffff2e', '80049506000000000000004ad4feffff2e'],
  [255, '80024bff2e', '80044bff2e'],
  [65536, '80024a000001002e', '80049506000000000000004a000001002e'],
  [1.5, '8002473ff80000000000002e', '8004950a00000000000000473ff80000000000002e'],
];

for (const [value, ...pickles] of numbers)
  test(`${value} is as Python wrote it`, () => {
    for (const pickle of pickles) assert.is(read(pickle), value);
  });

test('lists, tuples, dicts, texts and bytes are as Python wrote them', () => {
  const tuple = { kind: 'tuple', items: [2, 'é', Uint8Array.of(1)] };
  const dict = new Map<string, unknown>([
    ['a', null],
    ['b', true],
  ]);
  const pickle = '80049522000000000000005d94284b014b028c02c3a9944301019487947d94288c0161944e8c0162948875652e';
  assert.equal(read(pickle), [1, tuple, dict]);
});

test('what lies below an open bracket is not there to be taken', () => {
  // 1 ( 0 .: a number, a bracket, and one value dropped.
  assert.throws(() => read('80024b0128302e'), /takes a value that is not there at byte 5\./);
});

test('what a pickle leaves on its stack, and containers without end, are refused', () => {
  // 1 2 .: Python takes the last one, and no program writes so.
  assert.throws(() => read('80024b014b022e'), /ends with values left over at byte 6\./);
  assert.throws(() => read(`8002${'5d'.repeat(2 ** 18 + 1)}`), /makes more than 262144 objects at byte 262146\./);
});

test('of a call with keyword arguments those by place are its arguments', () => {
  // As protocol 4 has what __getnewargs_ex__ gives: m.n, (7,), {} and NEWOBJ_EX.
  const called: unknown[] = [];
  read('8004636d0a6e0a4b07857d922e', (name, args) => called.push(name, ...args));
  assert.equal(called, ['m.n', 7]);
});

test.run();
