// The pages for browsers: node bench/web/main.mjs
//   serve [--port N] [--host NAME]
//   build [--out DIR]
//   run [--peers NAMES|all] [--train NAMES|all] [--report FILE] [WORDS...]    the suite page, headless
//   pictures [--out DIR] [PAGES...]
//   measure [--kernel NAME] [--shape NAME] [--times N]                         how quick the workbench is
import { parseArgs } from 'node:util';
import { runSuitePage } from './headless.mjs';
import { measureAblation, measureVerdicts } from './measure.mjs';
import { serveSite } from './serve.mjs';
import { buildSite, kilobytes } from './site.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '8017' },
    host: { type: 'string', default: '127.0.0.1' },
    out: { type: 'string' },
    peers: { type: 'string', default: '' },
    train: { type: 'string', default: '' },
    report: { type: 'string' },
    kernel: { type: 'string', default: 'matmul/register' },
    shape: { type: 'string', default: 'matmul 256 NN' },
    times: { type: 'string', default: '10' },
  },
});

const commands = {
  async serve() {
    const { url } = await serveSite({ port: Number(values.port), host: values.host });
    console.log(`serving ${url} until Ctrl+C; a saved kernel is judged in the page, a saved page loads again`);
  },
  async build() {
    const { out = 'out/web' } = values;
    for (const { title, bytes } of await buildSite(out))
      console.log(`${title}: ${kilobytes(bytes)} of scripts, compressed`);
    console.log(`the site is in ${out}: serve it from any path, over https or on localhost`);
  },
  async pictures() {
    const [, ...pages] = positionals;
    // What makes pictures small is needed for nothing else.
    const { takePictures } = await import('./pictures.mjs');
    await takePictures(values.out ?? 'data/pages', pages);
  },
  async run() {
    const [, ...words] = positionals;
    await runSuitePage({ cases: words.join(' '), peers: values.peers, train: values.train, out: values.report });
  },
  async measure() {
    const times = Number(values.times);
    console.log(`${values.kernel} on ${values.shape}, from a key press to the verdict:`);
    for (const found of await measureVerdicts({ kernel: values.kernel, bench: values.shape, times }))
      console.log(
        `  ${found.milliseconds.toFixed(0)} ms, ${found.verdict}; longest task ${found.longestTask.toFixed(0)} ms, load ${found.load.toFixed(2)}`,
      );
    console.log('what a loop costs by one that is half as long:');
    for (const { ratio, seconds, load } of await measureAblation({ times }))
      console.log(`  ${ratio.toFixed(2)} in ${seconds.toFixed(1)} s, load ${load.toFixed(2)}`);
  },
};

try {
  const run = commands[positionals[0]];
  if (!run) throw new Error(`there are ${Object.keys(commands).join(', ')}, not "${positionals[0] ?? ''}"`);
  await run();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
