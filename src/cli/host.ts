// Where a command computes: in the runtime that it was started in, in another one, or in a browser.
import { type Command, CommanderError, Option } from 'commander';
import { version } from '../../package.json';
import { adaptersFound } from '../gpu/adapter.node.ts';
import { type Browser, borrowChromium } from '../gpu/remote/borrow.node.ts';
import type { requestDevice } from '../node.ts';
import { runElsewhere } from './elsewhere.node.ts';

export const RUNTIMES = ['node', 'deno', 'chromium'] as const;
type Runtime = (typeof RUNTIMES)[number];

export interface Host {
  readonly request: typeof requestDevice;
  /** The runtime that computes and its version, for reports. */
  name(): string;
  /** The names of all adapters that it has, as far as it tells. */
  found(): Promise<readonly string[]>;
  /** Adds `--runtime` to a command. */
  offer(command: Command): void;
  /**
   * Goes where a command is told to compute. Another runtime runs the whole command, and its exit code is thrown as a `CommanderError`; a
   * browser only lends its WebGPU to this one, so that files, decoding, progress and interruption are the same code.
   */
  enter(command: Command): Promise<void>;
  /** Ends what was started. */
  close(): Promise<void>;
}

const { deno, node } = process.versions;
const OWN: Runtime = deno === undefined ? 'node' : 'deno';

export function createHost(requestOwn: typeof requestDevice): Host {
  let runtime: Runtime = OWN;
  let browser: Browser | undefined;
  return {
    async request(mode) {
      if (runtime !== 'chromium') return requestOwn(mode);
      // One that has crashed is replaced, as a device that was lost is.
      if (browser?.isGone()) browser = undefined;
      browser ??= await borrowChromium();
      return browser.request(mode);
    },
    name: () => browser?.name ?? (deno === undefined ? `Node ${node}` : `Deno ${deno}`),
    found: async () => (runtime === 'node' ? adaptersFound() : []),
    offer: (command) => {
      command.addOption(
        new Option('--runtime <name>', 'compute in this runtime (default: where coin was started)').choices(RUNTIMES),
      );
    },
    async enter(command) {
      runtime = command.opts<{ runtime?: Runtime }>().runtime ?? OWN;
      if (runtime === OWN || runtime === 'chromium') return;
      const code = await runElsewhere(runtime);
      throw new CommanderError(code, 'coin.elsewhere', `ran in ${runtime}`);
    },
    close: async () => browser?.close(),
  };
}

/** This program, where it computes and on what system, in a line. */
export const setting = (host: Host): string =>
  `coin-webgpu ${version}, ${host.name()} on ${process.platform} ${process.arch}`;
