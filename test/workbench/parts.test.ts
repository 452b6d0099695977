import { ownCases } from '../../src/bench/cases/own.ts';
import { complaintsOf } from '../../src/gpu/kernel/compile_error.ts';
import { rising } from '../../src/workbench/ablation.ts';
import { cutTexts } from '../../src/workbench/cuts.ts';
import { patchOf } from '../../src/workbench/patch.ts';
import { rooflineIn } from '../../src/workbench/roofline.ts';
import { search, type Trial, tilesIn } from '../../src/workbench/search.ts';
import { decodeState, encodeState } from '../../src/workbench/state.ts';
import { ratesOf, summarize, type Timed } from '../../src/workbench/summary.ts';
import type { TimedCase } from '../../src/workbench/timed_case.ts';
import { assert, suite } from '../harness.ts';

const test = suite('parts of the workbench');

const refusal = async (text: string) => {
  let message = '';
  await decodeState(text).catch((error: Error) => {
    message = error.message;
  });
  return message;
};

test('a state is the same after it was text, which an address can hold; what is none is refused', async () => {
  const state = {
    kernel: 'a/b',
    bench: 'x [1,2]->3',
    edits: { 'a/b.wgsl': 'fn ü() {}\n'.repeat(300) },
    constants: { N: 4 },
  };
  const text = await encodeState(state);
  assert.equal(await decodeState(text), state);
  assert.match(text, /^[\w-]{40,300}$/);
  for (const wrong of ['', 'spam', text.slice(0, text.length / 2), await encodeState({ kernel: 3 } as never)])
    assert.match(await refusal(wrong), /^The address holds no state/);
  // A million blanks are a few bytes when packed.
  assert.match(await refusal(await encodeState({ kernel: ' '.repeat(2 ** 21) })), /^The address holds no state/);
});

test('an edit is a patch in the format of git, and no edit is none', () => {
  const shipped = { 'a/b.wgsl': 'one\ntwo\nthree\n', 'c.wgsl': 'same\n' };
  assert.is(
    patchOf(shipped, { 'a/b.wgsl': 'one\n2\nthree\n', 'c.wgsl': 'same\n' }),
    [
      'diff --git a/kernels/a/b.wgsl b/kernels/a/b.wgsl',
      '--- a/kernels/a/b.wgsl',
      '+++ b/kernels/a/b.wgsl',
      '@@ -1,3 +1,3 @@',
      ' one',
      '-two',
      '+2',
      ' three',
      '',
    ].join('\n'),
  );
});

const timed = (after: number): Timed => ({
  ...{ kind: 'timed', kernel: 'a/b', bench: 'c', work: { flops: 4e6, bytes: 2e6 } },
  comparison: { before: 2, after, spread: { before: 0.1, after: 0.2 }, ratio: after / 2, low: 0.4, high: 0.6 },
});

test('what a later check finds wrong has no numbers', () => {
  const right = { kind: 'right', checked: 2, of: 5 } as const;
  const found = [{ kind: 'changed', kernels: ['a/b'] }, right, timed(1)] as const;
  assert.is(summarize(found).timed.length, 1);
  const after = summarize([...found, { kind: 'wrong', failures: ['x is off'] }]);
  assert.equal([after.timed, after.failures], [[], ['x is off']]);
  const message = 'kernels/a/b.wgsl:12:5: no such thing (in a/b)\n  line\n  ^';
  const { broken } = summarize([{ kind: 'broken', message }]);
  assert.equal(broken?.complaints, [{ path: 'a/b.wgsl', line: 12, column: 5, message: 'no such thing (in a/b)' }]);
});

test('all that compilers have against modules is told once each, at its place', () => {
  const told = (line: number, what: string, kernel: string) =>
    `kernels/a/b.wgsl:${line}:5: ${what} (in ${kernel})\n  l\n  ^`;
  const message = [told(1, 'one', 'a/b'), told(7, 'two', 'a/b'), told(7, 'two', 'c/d'), told(7, 'three', 'c/d')].join(
    '\n',
  );
  assert.equal(
    complaintsOf(message).map(({ line, message }) => `${line} ${message}`),
    ['1 one (in a/b)', '7 two (in a/b)', '7 three (in c/d)'],
  );
  assert.equal(complaintsOf('The device was lost.'), []);
});

test('rates follow work and time, and lie below the roof where the chart puts them', () => {
  const roofs = { gflops: 100, gigabytes: 10 };
  const [shipped, edited] = ratesOf(timed(1), roofs);
  assert.equal([shipped.gflops, shipped.gigabytes, edited.gflops], [2, 1, 4]);
  // 2 FLOP a byte are bound by memory, at 20 GFLOP/s.
  assert.equal(edited.share, { share: 0.2, bound: 'memory' });
  const { roof, place } = rooflineIn({ width: 600, height: 500 }, roofs);
  assert.is(roof[1]?.x, 300);
  const { x, y } = place({ flops: 4e6, bytes: 2e6 }, 1);
  assert.ok(x < 300 && y > (roof[1]?.y ?? 0), `${x} ${y}`);
});

test('times of later cuts are no less than those of earlier ones', () => {
  assert.equal(rising([1, 3, 2, 4, 3.5, 3]), [1, 2.5, 2.5, 3.5, 3.5, 3.5]);
});

const KERNEL = `struct Params {
  n: u32,
}
fn steps() -> u32 {
  let m = 1u; // no; cut
  return m;
}
fn main(x: u32) {
  var v = f(x);
  if (v > 1.0) {
    return;
  }
  for (var i = 0u; i < 3u; i++) {
    v += 1.0;
  }
  while (v < 9.0) {
    v += 1.0;
  }
  y[0] = v;
}
`;

test('a uniform cuts a function behind each statement, and loops go on', () => {
  const [cut, other] = cutTexts(KERNEL, () => true, { insideIfs: true });
  assert.is(other, undefined, 'what returns an integer may steer a loop');
  assert.equal(cut?.text.split('\n').slice(8, 21), [
    'fn main(x: u32) { if (params.ablation_cut == 0u) { return; }',
    '  var v = f(x); if (params.ablation_cut == 1u) { return; }',
    '  if (v > 1.0) {',
    '    return;',
    '  } if (params.ablation_cut == 2u) { return; }',
    '  for (var i = 0u; i < 3u; i++) { if (params.ablation_cut == 3u) { continue; }',
    '    v += 1.0; if (params.ablation_cut == 4u) { continue; }',
    '  } if ((params.ablation_cut >= 3u) & (params.ablation_cut <= 5u)) { return; }',
    '  while (v < 9.0) {',
    '    v += 1.0;',
    '  } if (params.ablation_cut == 6u) { return; }',
    '  y[0] = v; if (params.ablation_cut == 7u) { return; }',
    '}',
  ]);
  assert.equal(
    cut?.cuts.map(({ line }) => line),
    [7, 8, 9, 12, 13, 12, 15, 18],
  );
});

/** A case whose time follows from its constants, and whose clock is told by it. */
function madeUp(time: (constants: Readonly<Record<string, number>>) => number, spend: (ms: number) => void): TimedCase {
  const runsOf = (ms: number) =>
    Array.from({ length: 4 }, (_, i) => async (times: number) => spend(ms * times * (1 + i / 1e4)));
  return {
    ...{ name: 'made up', constants: {}, work: { flops: 1e6, bytes: 1 }, runs: [], destroy() {} },
    compileEdited: (tiles) => ({
      async runs() {
        const ms = time(tiles?.constants ?? {});
        if (Number.isNaN(ms)) throw new Error('too large for a workgroup');
        return runsOf(ms);
      },
      destroy() {},
    }),
  };
}

async function trials(time: (constants: Readonly<Record<string, number>>) => number, gflops: number): Promise<Trial[]> {
  let now = 0;
  const clock = performance.now;
  performance.now = () => now;
  const found: Trial[] = [];
  try {
    const timed = madeUp(time, (ms) => {
      now += ms;
    });
    const options = { kernel: 'k', constants: { A: 2, B: 8 }, roofs: { gflops, gigabytes: 1e9 } };
    for await (const trial of search(timed, options)) found.push(trial);
  } finally {
    performance.now = clock;
  }
  return found;
}

test('a search takes what is faster, drops what is hopeless, and ends where nothing is, or at the roof', async () => {
  // Best at A = 8 and B = 4; B of 32 and more cannot be.
  const time = ({ A = 1, B = 1 }: Readonly<Record<string, number>>) =>
    B > 16 ? Number.NaN : 10 + 3 * Math.abs(Math.log2(A / 8)) + 8 * Math.abs(Math.log2(B / 4));
  const found = await trials(time, 1e9);
  assert.equal(found.at(-1)?.constants, { A: 8, B: 4 });
  assert.is(found.at(-1)?.verdict, 'end');
  const of = (A: number, B: number) => found.find(({ constants }) => constants.A === A && constants.B === B)?.verdict;
  assert.equal(
    [of(4, 8), of(8, 8), of(16, 8), of(8, 16), of(8, 4), of(8, 2)],
    ['faster', 'faster', 'no faster', 'out', 'faster', 'out'],
  );
  // 1e6 FLOP in 10 ms are 0.1 GFLOP/s.
  const last = (await trials(time, 0.1)).at(-1);
  assert.equal([last?.verdict, last?.constants], ['roof', { A: 8, B: 4 }]);
  assert.equal(tilesIn('if (FLAG == 1u) { x(LANES == 1u); }', { FLAG: 1, OFF: 0, LANES: 8, ROWS: 1 }), [
    'LANES',
    'ROWS',
  ]);
});

test('shapes of one\u2019s own are read as they are named, and what is none is refused', () => {
  const [product] = ownCases('matmul [3,5]x[5,7]');
  assert.equal(product?.inputs, { a: [1, 3, 5], b: [1, 5, 7] });
  const [forward] = ownCases('conv 3x3 s2 p0 N2 C5 9x9 K4 dgrad');
  assert.equal(forward?.inputs, { x: [2, 9, 9, 5], weight: [3, 3, 5, 4] });
  for (const wrong of ['spam', 'matmul [3,5]x[4,7]', 'map 0', 'conv 3x3 s1 p1 N1 C1 8x9 K1'])
    assert.throws(() => ownCases(wrong), /is no shape that can be timed/);
});

test.run();
