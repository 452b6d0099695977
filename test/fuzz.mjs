// Reads each checkpoint of test/golden/checkpoints with many random damages, in a process of its own that is ended where it hangs:
//   npm run fuzz [-- WORDS] [--damages 10000] [--from 0]
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { importTypeScript } from '../src/build/bundle.mjs';

const FOLDER = join('test', 'golden', 'checkpoints');
/** Seconds without a word from the process that reads. */
const PATIENCE = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    child: { type: 'boolean' },
    damages: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
  },
});
const [from, damages] = [Number(values.from), Number(values.damages)];

/** Reads files with all damages, and tells the parent of each fault and how far it is. */
async function readDamaged(names) {
  const { damaged, fault } = await importTypeScript('test/weights/fuzz.ts');
  const used = () => {
    const { used_heap_size, external_memory } = getHeapStatistics();
    return used_heap_size + external_memory;
  };
  let last = performance.now();
  for (const name of names) {
    const bytes = new Uint8Array(readFileSync(join(FOLDER, name)));
    for (let number = from; number < from + damages; number++) {
      const copy = damaged(bytes, number);
      let told = await fault(copy, used);
      // What is left of those before may be counted with it.
      if (/^it takes/.test(told ?? '')) {
        globalThis.gc();
        told = await fault(copy, used);
      }
      if (!told && performance.now() - last < 1000) continue;
      last = performance.now();
      process.send({ name, number, told });
    }
    process.send({ name, done: true, resident: process.resourceUsage().maxRSS * 1024 });
  }
}

/** What one process finds in files, in which it gets as far as `done`. */
async function look(names) {
  const [faults, done] = [[], new Set()];
  let resident = 0;
  const child = fork(
    fileURLToPath(import.meta.url),
    ['--child', '--from', values.from, '--damages', values.damages, ...names],
    {
      execArgv: ['--expose-gc', '--max-old-space-size=160'],
    },
  );
  let last = { name: names[0], number: from };
  let hangs = false;
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hangs = true;
      child.kill('SIGKILL');
    }, 1000 * PATIENCE);
  };
  wait();
  child.on('message', (message) => {
    wait();
    if (message.done) {
      done.add(message.name);
      resident = message.resident;
    } else last = message;
    if (message.told) faults.push(`${message.name}, damage ${message.number}: ${message.told}`);
  });
  const code = await new Promise((ended) => child.on('exit', ended));
  clearTimeout(timer);
  if (done.size < names.length) {
    const name = names.find((other) => !done.has(other));
    const number = last.name === name ? last.number : from;
    faults.push(`${name} ${hangs ? 'hangs' : `ends the process (${code})`} at damage ${number} or after it`);
    done.add(name);
  }
  return { faults, done, resident };
}

async function main() {
  const { checkpointsOf } = await importTypeScript('src/conformance/checkpoints.ts');
  const names = checkpointsOf(readdirSync(FOLDER)).filter((name) => positionals.every((word) => name.includes(word)));
  let [left, count, most] = [names, 0, 0];
  while (left.length > 0) {
    const { faults, done, resident } = await look(left);
    for (const told of faults) console.log(told);
    left = left.filter((name) => !done.has(name));
    count += faults.length;
    most = Math.max(most, resident);
  }
  console.log(
    `${names.length} files with ${damages} damages each: ${count} faults; at most ${(most / 2 ** 20).toFixed(0)} MiB resident`,
  );
  process.exitCode = count === 0 && names.length > 0 ? 0 : 1;
}

await (values.child ? readDamaged(positionals) : main());
