// Makes a MoCo v2 checkpoint of a ResNet-50 at full size (371 MB) in both containers of PyTorch, loads its encoder in a new process,
// and tells seconds, memory and how far its features are from the golden case:
//   npm run test:full-size
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle, node } from '../src/build/bundle.mjs';

const MOST = { seconds: 2, bytes: 250e6 };
const BUNDLE = 'out/build/full_size.mjs';

/** In a process of its own: from a path to tensors in memory, and to a device. */
async function load(path) {
  const { fileSource, requestDevice, readEncoder, loadEncoder, compareFeatures } = await import(
    pathToFileURL(resolve(BUNDLE)).href
  );
  globalThis.gc();
  const before = process.memoryUsage().rss;
  const began = performance.now();
  const source = await fileSource(path);
  const tensors = await readEncoder(source);
  await source.close();
  const seconds = (performance.now() - began) / 1000;
  const bytes = process.resourceUsage().maxRSS * 1024 - before;

  const device = await requestDevice();
  const start = performance.now();
  const model = await loadEncoder(device, tensors);
  await device.idle();
  const upload = (performance.now() - start) / 1000;
  const compared = await compareFeatures(
    device,
    model,
    new Uint8Array(readFileSync('test/golden/model_resnet50.safetensors')),
  );
  console.log(JSON.stringify({ tensors: tensors.size, seconds, bytes, upload, ...compared }));
  process.exit();
}

async function main() {
  const contents = `export { mocoCheckpoint, readEncoder, loadEncoder, compareFeatures } from './test/weights/moco.ts';
export { torchZip, torchLegacy } from './test/weights/torch_file.ts';
export { fileSource, requestDevice } from './src/node.ts';`;
  await bundle({ stdin: { contents, resolveDir: '.', loader: 'ts' }, outfile: BUNDLE, ...node, packages: 'external' });
  const { mocoCheckpoint, torchZip, torchLegacy } = await import(pathToFileURL(resolve(BUNDLE)).href);
  const folder = mkdtempSync(join(tmpdir(), 'coin-'));
  try {
    for (const [container, write] of Object.entries({ zip: torchZip, legacy: torchLegacy })) {
      const path = join(folder, `${container}.pth.tar`);
      const file = openSync(path, 'w');
      for (const piece of write(mocoCheckpoint())) writeSync(file, piece);
      closeSync(file);
      const args = ['--expose-gc', fileURLToPath(import.meta.url), path];
      const told = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n').at(-1));
      const { tensors, seconds, bytes, upload, ok, error, limit } = told;
      console.log(
        `${container}, ${(statSync(path).size / 1e6).toFixed(0)} MB: ${tensors} tensors of the encoder in ${seconds.toFixed(2)} s with ${(bytes / 1e6).toFixed(0)} MB more memory, ` +
          `on the device after ${upload.toFixed(2)} s more; logits off by ${error.toExponential(1)}, the limit is ${limit.toExponential(1)}`,
      );
      if (!ok || tensors !== 265 || seconds > MOST.seconds || bytes > MOST.bytes) process.exitCode = 1;
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(process.exitCode ? 'too slow, too large or wrong' : 'as it should be');
}

const [path] = process.argv.slice(2);
await (path ? load(path) : main());
