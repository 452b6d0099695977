// The benchmarks for runtimes with their own WebGPU: Deno and a browser page. The one argument is the options as JSON; the last
// line is the report as JSON.

import { runBench } from '../src/bench/run_bench.ts';
import { requestDevice } from '../src/gpu/device.ts';

interface DenoGlobal {
  readonly args: readonly string[];
  readonly version: { readonly deno: string };
  exit(code: number): never;
}

const { Deno: deno } = globalThis as unknown as { Deno?: DenoGlobal };
const { testPage: page } = globalThis;

async function main(): Promise<void> {
  const [options = '{}'] = deno?.args ?? page?.args ?? [];
  const runtime = deno ? `Deno ${deno.version.deno}` : `Chromium ${navigator.userAgent.match(/Chrome\/(\d+)/)?.[1]}`;
  const report = await runBench(await requestDevice(), JSON.parse(options), runtime, (line) => console.log(line));
  console.log(`report: ${JSON.stringify(report)}`);
}

const exit = (code: number) => (deno ? deno.exit(code) : page?.exit(code));

main().then(
  () => exit(0),
  (error: Error) => {
    console.log(`error: ${error.message}`);
    exit(1);
  },
);
