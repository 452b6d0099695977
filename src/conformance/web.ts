// The conformance run for runtimes with their own WebGPU: Deno (arguments are files) and a browser page (URLs).
import { requestDevice } from '../gpu/device.ts';
import { conform, readCases } from './conform.ts';

interface Runtime {
  readonly args: readonly string[];
  read(path: string): Promise<Uint8Array>;
  exit(code: number): void;
}

const runtime: Runtime = globalThis.testPage
  ? {
      ...globalThis.testPage,
      exit: globalThis.testPage.exit,
      read: async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer()),
    }
  : await denoRuntime();

async function denoRuntime(): Promise<Runtime> {
  const { Deno } = globalThis as unknown as {
    Deno: { args: string[]; readFile(path: string): Promise<Uint8Array>; exit(code: number): never };
  };
  return { args: Deno.args, read: Deno.readFile, exit: Deno.exit };
}

const files = runtime.args.map((path) => ({ name: path.replace(/^.*\//, ''), read: () => runtime.read(path) }));
runtime.exit(await conform(await requestDevice(), readCases(files), (line) => console.log(line)));
