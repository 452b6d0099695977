import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { build } from 'vite';
import { assert, suite } from './harness.ts';

const test = suite('the package, installed');

const run = promisify(execFile);
/** A project's folder with what `npm pack` makes in its node_modules; all else it finds in this project's. */
let folder = '';

test.before(async () => {
  await tsc('.', '-p', 'src/build', '--noCheck');
  await mkdir('out', { recursive: true });
  folder = await mkdtemp(join('out', 'package-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run('tar', ['-xf', filename], { cwd: folder });
  await mkdir(join(folder, 'node_modules'));
  await rename(join(folder, 'package'), join(folder, 'node_modules', 'coin-webgpu'));
  const [, first = ''] = /```js\n(.*?)```/s.exec(await readFile('README.md', 'utf8')) ?? [];
  const [, op = ''] = /```ts\n(.*?)```/s.exec(await readFile('README.md', 'utf8')) ?? [];
  assert.ok(first.includes('createModel') && op.includes('defineKernel'));
  assert.ok(op.trim().split('\n').length < 30, 'an op of one’s own takes under 30 lines');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'first.ts'), first);
  await writeFile(join(folder, 'softplus.ts'), op);
  await writeFile(join(folder, 'program.ts'), PROGRAM);
  await writeFile(join(folder, 'consumer.ts'), CONSUMER);
});
test.after(() => rm(folder, { recursive: true }));

/** What tsc says; empty when it is content. */
async function tsc(where: string, ...args: string[]): Promise<string> {
  try {
    await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...args], { cwd: where });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Uses both entries, WebGPU's own types, models with and without heads, and names of kernels that are wrong. */
const CONSUMER = `
import { conv2d, createModel, createTape, defineKernel, type Device, type Module, type Program, type Tensor } from 'coin-webgpu';
import { requestDevice } from 'coin-webgpu/node';

const queueOf = ({ gpu }: Device): GPUQueue => gpu.queue;
const device: Device = await requestDevice();
const tape = createTape(device.target);
const x: Tensor = conv2d(tape, tape.input('x', [1, 4, 4, 1]), tape.input('weight', [3, 3, 1, 1]), undefined, { stride: [2, 2] });
const both = createModel({ arch: 'resnet8', projector: {}, classes: 10, seed: 0 });
const heads: Module[] = [both.projector, both.classifier];
const none = createModel({ arch: 'resnet8', seed: 0 });
const maybe: Module | undefined = none.classifier;
// @ts-expect-error: nobody asked for a classifier.
const missing: Module = none.classifier;
const text = \`
const WORKGROUP: u32 = 64u; // @tune
struct Params { size: u32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(WORKGROUP) fn main() {}\`;
const kernel = defineKernel('own', text);
const right = { bindings: { x, y: x }, uniforms: { size: 1, factor: 2 }, workgroups: [1, 1, 1], label: 'own' } as const;
tape.dispatch(kernel, { ...right, constants: { WORKGROUP: 8 } });
// @ts-expect-error: another binding.
tape.dispatch(kernel, { ...right, bindings: { x, z: x } });
// @ts-expect-error: a uniform is missing.
tape.dispatch(kernel, { ...right, uniforms: { size: 1 } });
// @ts-expect-error: another constant.
tape.dispatch(kernel, { ...right, constants: { LANES: 8 } });
tape.dispatch(defineKernel('own', { './own.wgsl': text }), { ...right, uniforms: {} });
export { heads, maybe, missing, queueOf, x };
export type { Program };
`;

/** Prints ln(1 + exp x) and its derivative at a few places. */
const PROGRAM = `
import { compile, createTape, gradients, requestDevice, sum } from 'coin-webgpu';
import { softplus } from './softplus.ts';

const device = await requestDevice();
const tape = createTape(device.target);
const x = tape.input('x', [5], 'f32', { requiresGrad: true });
const y = softplus(tape, x);
tape.output('y', y);
for (const dx of gradients(tape, sum(tape, y)).values()) tape.output('dx', dx);
const program = await compile(device, tape);
const { y: values, dx } = await program.run({ x: new Float32Array([-20, -1, 0, 1, 20]) }, ['y', 'dx']).read();
console.log(JSON.stringify([[...values], [...dx]]));
`;

/** Throws unless the program's last line has the values of the functions in float64. */
function check(stdout: string): void {
  const [values, slopes] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as [number[], number[]];
  for (const [i, x] of [-20, -1, 0, 1, 20].entries()) {
    const want = [Math.log1p(Math.exp(x)), 1 / (1 + Math.exp(-x))] as const;
    assert.ok(Math.abs(values[i]! - want[0]) < 1e-5 * (1 + want[0]), `${values[i]} instead of ${want[0]}`);
    assert.ok(Math.abs(slopes[i]! - want[1]) < 1e-5, `${slopes[i]} instead of ${want[1]}`);
  }
}

for (const [module, moduleResolution] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])
  test(
    `is sound in a strict TypeScript project that resolves as ${moduleResolution}`,
    async () => {
      const options = {
        ...{
          strict: true,
          noEmit: true,
          target: 'es2022',
          module,
          moduleResolution,
          types: [],
          allowImportingTsExtensions: true,
        },
        // Not those of TypeScript itself.
        skipDefaultLibCheck: true,
      };
      const files = ['first.ts', 'program.ts', 'consumer.ts'];
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
      assert.is(await tsc(folder, '-p', '.'), '');
    },
    { seconds: 400 },
  );

test('runs in Node', async () => {
  for (const name of ['softplus', 'program']) {
    const { code } = await transform(await readFile(join(folder, `${name}.ts`), 'utf8'), { loader: 'ts' });
    const text = code
      .replaceAll('./softplus.ts', './softplus.js')
      .replaceAll("'coin-webgpu'", "'coin-webgpu/node'")
      .replaceAll('"coin-webgpu"', '"coin-webgpu/node"');
    await writeFile(join(folder, `${name}.js`), text);
  }
  check((await run(process.execPath, [join(folder, 'program.js')])).stdout);
});

test('runs in Deno', async () => {
  const deno = ['out/deno.mjs', '--node-modules-dir=manual', join(folder, 'program.ts')];
  check((await run(process.execPath, deno)).stdout);
});

test('runs in a page of a Vite application', async () => {
  const html = '<!doctype html><script type="module" src="/page.ts"></script>';
  await writeFile(join(folder, 'index.html'), html);
  await writeFile(join(folder, 'page.ts'), "import './program.ts';\nglobalThis.testPage.exit(0);\n");
  await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: { target: 'es2022', rollupOptions: { output: { entryFileNames: 'page.js' } } },
  });
  // By a name in a variable, so that the bundler leaves the import alone.
  const path = resolve('test/browser.mjs');
  const { runInBrowser } = (await import(path)) as {
    runInBrowser(options: { entry: string; print(line: string): void }): Promise<number>;
  };
  const lines: string[] = [];
  await runInBrowser({ entry: join(folder, 'dist', 'page.js'), print: (line: string) => lines.push(line) });
  check(lines.join('\n'));
});

test.run();
