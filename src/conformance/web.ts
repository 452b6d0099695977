// The conformance run for runtimes with their own WebGPU: Deno (arguments are files) and a browser page (URLs).
import { requestDevice } from '../gpu/device.ts';
import { casesIn, casesOf, conform, readCases } from './conform.ts';

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

// Arguments with a slash are files, those of a folder together; the others are ops.
const paths = runtime.args.filter((word) => word.includes('/'));
const ops = runtime.args.filter((word) => !word.includes('/'));
const folders = new Set(paths.map((path) => path.replace(/[^/]*$/, '')));
const files = [...folders].flatMap((folder) => {
  const inIt = paths.filter((path) => path.startsWith(folder) && !path.slice(folder.length).includes('/'));
  return casesIn({ names: inIt.map((path) => path.slice(folder.length)), read: (name) => runtime.read(folder + name) });
});
runtime.exit(await conform(await requestDevice(), readCases(casesOf(files, ops)), (line) => console.log(line)));
