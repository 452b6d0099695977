import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SHARE_ENV, Worker, type WorkerOptions } from 'node:worker_threads';
import { DAWN_PACKAGE, fastest, requestNodeAdapter } from '../../src/gpu/adapter.node.ts';
import { findSwiftShader, hasSwiftShader, SWIFTSHADER_PACKAGE } from '../../src/gpu/swiftshader.node.ts';
import { userCache } from '../../src/gpu/tune/store.node.ts';
import { assert, skip, suite } from '../harness.ts';

const test = suite('adapters in Node');

const ENTRY = resolve('dist', 'node.js');
const DRIVER = 'libvk_swiftshader.so';

let root = '';
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(root, { recursive: true }));

/** The folders of the SwiftShaders in a process of its own that has a device on one, as the system tells. */
async function loadedFrom(env: NodeJS.ProcessEnv): Promise<string[]> {
  const program = `
    const { requestDevice } = await import(${JSON.stringify(ENTRY)});
    await requestDevice('swiftshader');
    console.log((await import('node:fs')).readFileSync('/proc/self/maps', 'utf8'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, ...env },
  });
  const paths = [...stdout.matchAll(new RegExp(`(/\\S*)/${DRIVER}$`, 'gm'))].map(([, path = '']) => path);
  return [...new Set(paths)];
}

let name = '';
/** The folder that a SwiftShader is unpacked into below a cache. */
async function nameOf(): Promise<string> {
  if (name === '') {
    const cache = join(root, 'cache');
    await loadedFrom({ COIN_CACHE: cache });
    [name = ''] = await readdir(cache);
  }
  return name;
}

test("SwiftShader is unpacked into the user's cache, once", async () => {
  if (!hasSwiftShader) skip('no SwiftShader for this machine');
  const cache = join(root, 'once');
  const [first] = await loadedFrom({ COIN_CACHE: cache });
  assert.equal(await readdir(cache), [first?.slice(cache.length + 1)]);
  assert.equal(await loadedFrom({ COIN_CACHE: cache }), [first]);
});

test("without a home in the environment it is the user's own that counts, and not the folder that a program runs in", () => {
  const { HOME, XDG_CACHE_HOME, COIN_CACHE } = process.env;
  for (const name of ['HOME', 'XDG_CACHE_HOME', 'COIN_CACHE']) delete process.env[name];
  try {
    assert.is(userCache(), join(userInfo().homedir, '.cache', 'coin-webgpu'));
  } finally {
    for (const [name, value] of Object.entries({ HOME, XDG_CACHE_HOME, COIN_CACHE }))
      if (value !== undefined) process.env[name] = value;
  }
});

/** Caches that must not be used, and how they are made. */
const REFUSED: readonly [name: string, make: (cache: string, folder: string) => Promise<unknown>][] = [
  [
    'all can write into',
    async (cache, folder) => {
      await mkdir(join(cache, folder), { recursive: true });
      await chmod(join(cache, folder), 0o777);
    },
  ],
  [
    'is a link',
    async (cache, folder) => {
      const elsewhere = `${cache}-elsewhere`;
      await mkdir(elsewhere);
      await mkdir(cache);
      await symlink(elsewhere, join(cache, folder));
    },
  ],
  [
    'is exchanged by whoever likes',
    async (cache) => {
      await mkdir(cache);
      await chmod(cache, 0o777);
    },
  ],
  ['cannot be made', (cache) => writeFile(cache, '')],
  ['has a colon in its path', (cache) => rm(cache, { force: true })],
];

for (const [name, make] of REFUSED)
  test(`no driver is loaded from a folder that ${name}, but from one made for the program, and removed with it`, async () => {
    if (!hasSwiftShader) skip('no SwiftShader for this machine');
    const cache = join(root, name.includes('colon') ? 'a:b' : name.replace(/\W/g, '_'));
    const temporary = await mkdtemp(join(root, 'tmp-'));
    await make(cache, await nameOf());
    const [folder, second] = await loadedFrom({ COIN_CACHE: cache, TMPDIR: temporary });
    assert.ok(folder?.startsWith(`${temporary}/coin-webgpu-`), folder);
    assert.is(second, undefined);
    assert.equal(await readdir(temporary), []);
  });

test('the environment is as it was, whatever number of devices is asked for at once', async () => {
  const before = { ...process.env };
  await Promise.all(Array.from({ length: 3 }, () => requestNodeAdapter('auto')));
  assert.equal({ ...process.env }, before);
});

const WORKERS: readonly [name: string, options: WorkerOptions][] = [
  ['as it is', {}],
  ['with the environment of the process', { env: SHARE_ENV }],
  ['with an environment of its own', { env: { COIN_CACHE: '' } }],
];

for (const [name, options] of WORKERS)
  test(`worker threads get devices, each ${name}, and leave the environment as it was`, async () => {
    if (!hasSwiftShader) skip('no SwiftShader for this machine');
    const file = join(root, 'worker.mjs');
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads';
      import { compile, createTape, relu, requestDevice } from ${JSON.stringify(ENTRY)};
      const device = await requestDevice('swiftshader');
      const tape = createTape(device.target);
      tape.output('y', relu(tape, tape.input('x', [3])));
      const program = await compile(device, tape);
      const { y } = await program.run({ x: Float32Array.of(-1, 2, -3) }, ['y']).read();
      parentPort.postMessage([...y]);`,
    );
    const before = { ...process.env };
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => {
        const worker = new Worker(file, options);
        return new Promise((done, fail) => worker.on('message', done).on('error', fail)).finally(() =>
          worker.terminate(),
        );
      }),
    );
    assert.equal(answers, [
      [0, 2, 0],
      [0, 2, 0],
      [0, 2, 0],
    ]);
    assert.equal({ ...process.env }, before);
  });

test('an adapter is chosen by its name or a part of it, in letters of either case', async () => {
  if (!findSwiftShader()) skip('no SwiftShader for this machine');
  for (const name of ['swiftshader', 'SwiftShader', 'SUBZERO', 'tshader dev']) {
    const { adapter, why } = await requestNodeAdapter(name);
    assert.match(adapter.info.description, /^SwiftShader/);
    assert.match(why, /asked for$/);
  }
  let message = '';
  await requestNodeAdapter('voodoo').catch((error: Error) => {
    message = error.message;
  });
  assert.match(
    message,
    /^No adapter has "voodoo" in its name: choose auto, hardware, or one of .*SwiftShader Device.*\.$/,
  );
});

test('the fastest adapter is taken: a GPU, then llvmpipe, then SwiftShader, with a word on what would be faster', async () => {
  const fake = (name: string, isFallbackAdapter = true) =>
    ({ info: { description: name, isFallbackAdapter } }) as unknown as GPUAdapter;
  const gpu = fake('a GPU', false);
  const [swiftshader, llvmpipe] = [fake('SwiftShader'), fake('llvmpipe')];
  const rows: [first: GPUAdapter, others: GPUAdapter[], taken: GPUAdapter, why: RegExp][] = [
    [gpu, [llvmpipe], gpu, /^a hardware GPU$/],
    [swiftshader, [llvmpipe], llvmpipe, /^software; .*; no hardware GPU was found$/],
    [llvmpipe, [llvmpipe, swiftshader], llvmpipe, /no hardware GPU was found$/],
    [swiftshader, [], swiftshader, /no hardware GPU was found; .*mesa-vulkan-drivers.* times as fast$/],
  ];
  for (const [first, others, taken, why] of rows) {
    const found = await fastest(
      first,
      async (name) => others.find(({ info }) => info.description.includes(name)) ?? null,
    );
    assert.is(found.adapter, taken);
    assert.match(found.why, why);
  }
});

test('the packages that messages name are those that this one is made for', async () => {
  const { devDependencies, peerDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  for (const text of [DAWN_PACKAGE, SWIFTSHADER_PACKAGE]) {
    const [, name = '', version] = /^(.+)@(.+)$/.exec(text) ?? [];
    assert.equal([peerDependencies[name], devDependencies[name]], [version, version]);
  }
});
