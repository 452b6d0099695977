import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type * as TypeScript from 'typescript';
import { assert, suite } from './harness.ts';

const test = suite('types');

const TSC = resolve('node_modules/typescript/bin/tsc');

/** What tsc says; empty when it is content. */
async function tsc(folder: string, ...args: string[]): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [TSC, ...args], { cwd: folder });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Uses both entries, WebGPU's own types, and models with and without heads. */
const CONSUMER = `
import { conv2d, createModel, createTape, type Device, type Module, type Program, type Tensor } from 'coin-webgpu';
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
export { heads, maybe, missing, queueOf, x };
export type { Program };
`;

test(
  'a program that uses the package is sound under each resolution, declarations included',
  async () => {
    assert.is(await tsc('.', '-p', 'src/build', '--noCheck'), '');
    const [, program = ''] = /```js\n(.*?)```/s.exec(await readFile('README.md', 'utf8')) ?? [];
    assert.ok(program.includes('createModel'));
    await mkdir('out', { recursive: true });
    const folder = await mkdtemp(join('out', 'types-'));
    try {
      await mkdir(join(folder, 'node_modules'));
      await symlink(resolve('.'), join(folder, 'node_modules', 'coin-webgpu'));
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
      await writeFile(join(folder, 'first.ts'), program);
      await writeFile(join(folder, 'consumer.ts'), CONSUMER);
      for (const [module, moduleResolution] of [
        ['node16', 'node16'],
        ['nodenext', 'nodenext'],
        ['esnext', 'bundler'],
      ]) {
        const options = {
          strict: true,
          // Not those of TypeScript itself.
          skipDefaultLibCheck: true,
          noEmit: true,
          target: 'es2022',
          module,
          moduleResolution,
          types: [],
        };
        await writeFile(
          join(folder, 'tsconfig.json'),
          JSON.stringify({ compilerOptions: options, files: ['first.ts', 'consumer.ts'] }),
        );
        assert.is(await tsc(folder, '-p', '.'), '', moduleResolution);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  { seconds: 400 },
);

test(
  'every export has a doc comment',
  async () => {
    // The name is in a variable so that the bundler leaves the import alone.
    const name = 'typescript';
    const { default: ts } = (await import(name)) as { default: typeof TypeScript };
    const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
    const entries = ['src/index.ts', 'src/node.ts'];
    const program = ts.createProgram(entries, options);
    const checker = program.getTypeChecker();
    const exported = entries.flatMap((entry) =>
      checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!),
    );
    assert.ok(exported.length > 300);
    const bare = exported.filter((symbol) => {
      const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return own.getDocumentationComment(checker).length === 0;
    });
    assert.equal(
      bare.map(({ name }) => name),
      [],
    );
  },
  { seconds: 400 },
);

test.run();
