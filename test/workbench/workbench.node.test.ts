import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import type { Finding } from '../../src/workbench/judge.ts';
import { summarize } from '../../src/workbench/summary.ts';
import { createWorkbench, type Workbench } from '../../src/workbench/workbench.ts';
import { newDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('workbench');

const PATH = 'gemm/register.wgsl';
const edited = (text: string, replacement: string, path = PATH) => {
  const source = modules[path]!;
  assert.ok(source.includes(text), `kernels/${path} has no "${text}"`);
  return { ...modules, [path]: source.replace(text, replacement) };
};

async function judge(workbench: Workbench, texts: Readonly<Record<string, string>>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of workbench.judge(texts, { comparison: QUICK })) findings.push(finding);
  return findings;
}

/** Without how far the checks have come. */
const kinds = (findings: readonly Finding[]) =>
  findings
    .map(({ kind }) => kind)
    .filter((kind) => kind !== 'checking')
    .join(' ');

/** What is timed here need not be told apart. */
const QUICK = { rounds: 1, budget: 60, sample: 2 };

let workbench: Workbench;
test.before(async () => {
  workbench = await createWorkbench(await newDevice(), 'matmul/register', { modules });
});

test('it knows the checks that launch a kernel, and a benchmark that has most to do in it', () => {
  assert.ok(workbench.checks > 5, `${workbench.checks} checks`);
  assert.match(workbench.bench ?? '', /^matmul .*\(register\)$/);
});

test('a few checks find what is wrong with one value of a constant, at an edge, or for a gradient', async () => {
  const faults: [text: string, replacement: string, path?: string][] = [
    ['c00 += b0 * a0;', 'c00 += b0 * a0 + b0;'],
    [
      'if (row + r < params.m) {\n      let at = (first',
      'if (row + r <= params.m) {\n      let at = (first',
      'matmul/product.wgsl',
    ],
    [
      'sum += c[at];\n      }\n      c[at] = activated(sum);\n    }\n  }\n}\n// @end',
      'sum = c[at];\n      }\n      c[at] = activated(sum);\n    }\n  }\n}\n// @end',
      'matmul/product.wgsl',
    ],
    [
      'return transpose(read);\n  }\n  return read;\n}\n\nfn b_block',
      'return read;\n  }\n  return read;\n}\n\nfn b_block',
      'matmul/product.wgsl',
    ],
  ];
  for (const [text, replacement, path] of faults) {
    const findings: Finding[] = [];
    const texts = edited(text, replacement, path);
    for await (const finding of workbench.judge(texts, { extent: 'covering', comparison: QUICK }))
      findings.push(finding);
    assert.is(kinds(findings), 'changed wrong', replacement);
  }
});

test('what a few checks do not see, the others find after the verdict, unless the run is ended before', async () => {
  // A wrong column of B in the second half of a tile.
  const texts = edited('b_open(column + 4u, place.slice)', 'b_open(column + 5u, place.slice)');
  const judged = async (restAfter: number | undefined, signal?: AbortSignal) => {
    const findings: Finding[] = [];
    const options = { extent: 'covering', comparison: QUICK, restAfter, ...(signal && { signal }) } as const;
    for await (const finding of workbench.judge(texts, options)) findings.push(finding);
    return findings;
  };
  const found = await judged(0);
  assert.match(kinds(found), /^changed right( timed)+ wrong$/);
  const { checked, timed, failures } = summarize(found);
  assert.ok(checked > 1 && failures.length > 0 && timed.length === 0, 'the verdict is void');
  assert.match(kinds(await judged(undefined)), /^changed right( timed)+$/);
  const control = new AbortController();
  const ending = judged(60_000, control.signal);
  setTimeout(() => control.abort(), 3000);
  assert.not.match(kinds(await ending), /wrong/);
});

test('modules as they were change nothing, nor does a comment', async () => {
  assert.equal(await judge(workbench, modules), [{ kind: 'changed', kernels: [] }]);
});

test('an edit that makes other numbers is wrong and gets no time', async () => {
  const findings = await judge(workbench, edited('c00 += b0 * a0;', 'c00 += b0 * a0 + b0;'));
  assert.is(kinds(findings), 'changed wrong');
  const [changed, wrong] = [findings[0], findings.at(-1)];
  assert.ok(changed?.kind === 'changed' && changed.kernels[0] === 'matmul/register');
  assert.ok(changed.kernels.includes('conv2d/forward_register') && !changed.kernels.includes('matmul/tile'));
  assert.ok(
    wrong?.kind === 'wrong' && /^\S+ \(register.*\): \S+ is off by/.test(wrong.failures[0]!),
    JSON.stringify(wrong),
  );
});

test('an edit that makes wrong gradients alone is wrong too', async () => {
  // What a transposed A contributes, which no forward product of these cases has.
  const findings = await judge(
    workbench,
    edited(
      'if (TRANSPOSE_A == 1u) {\n    return transpose(read);',
      'if (TRANSPOSE_A == 1u) {\n    return read;',
      'matmul/product.wgsl',
    ),
  );
  assert.is(kinds(findings), 'changed wrong');
});

test('an edit that keeps the numbers is checked, then timed with the passes that change with it', async () => {
  const findings = await judge(workbench, edited('let a0 = a_block(', 'var a0 = a_block('));
  assert.match(kinds(findings), /^changed right( timed)+$/);
  const timed = findings.filter((finding) => finding.kind === 'timed');
  assert.is(timed[0]?.kernel, 'matmul/register');
  assert.ok(timed.every(({ comparison: { before, after, low, high } }) => before > 0 && after > 0 && low <= high));
  const right = findings.filter((finding) => finding.kind === 'right').at(-1);
  assert.is(right?.checked, workbench.checks);
});

test('what does not fit together or compile is told at its place, other kernels included', async () => {
  const message = async (texts: Readonly<Record<string, string>>) => {
    const findings = await judge(workbench, texts);
    const last = findings.at(-1);
    assert.ok(last?.kind === 'broken', kinds(findings));
    return last.message;
  };
  assert.match(
    await message(edited('@needs a_open', '@needs a_opened')),
    /^kernels\/gemm\/register\.wgsl:5:\d+: "a_opened" is needed/,
  );
  assert.match(
    await message(edited('c00 += b0 * a0;', 'c00 += b0 * a0')),
    /^kernels\/gemm\/register\.wgsl:\d+:\d+: expected ';'/,
  );
  // The matrix product has no tap, so that only a convolution is broken.
  assert.match(
    await message(edited('return run() * group_inputs();', 'return runs() * group_inputs();', 'conv2d/forward.wgsl')),
    /^kernels\/conv2d\/forward\.wgsl:\d+:\d+: .*runs/,
  );
});

test('another interface asks for a build', async () => {
  const findings = await judge(
    workbench,
    edited('const MASK_K: u32 = 1u; // @tune', 'const MASK_K: u32 = 1u;', 'matmul/problem.wgsl'),
  );
  assert.equal(findings.at(-1), {
    kind: 'broken',
    message: 'matmul/register has changed its @tune constants, which this build does not know: build, and start again.',
  });
});

test('a new module may be included, and a kernel that there is not is refused', async () => {
  const texts = edited('// @include gemm/place.wgsl', '// @include gemm/place.wgsl\n// @include gemm/two.wgsl');
  const used = {
    ...texts,
    [PATH]: texts[PATH]!.replace('4u * ROW_BLOCKS * WORKGROUP_Y', 'TWO * TWO * ROW_BLOCKS * WORKGROUP_Y'),
  };
  const findings = await judge(workbench, { ...used, 'gemm/two.wgsl': 'const TWO: u32 = 2u;\n' });
  assert.match(kinds(findings), /^changed right timed/);
  let refused = '';
  await createWorkbench(await newDevice(), 'matmul/spam', { modules }).catch(({ message }: Error) => {
    refused = message;
  });
  assert.match(refused, /no kernel "matmul\/spam"/);
});

test.run();
