import { version } from '../../package.json';
import { adaptersFound, DAWN_PACKAGE } from '../gpu/adapter.node.ts';
import type { requestDevice } from '../node.ts';

/** Where a command computes. */
export interface Host {
  readonly request: typeof requestDevice;
  /** The runtime and its version, for reports. */
  name(): string;
  /** The names of all adapters that it has, as far as it tells. */
  found(): Promise<readonly string[]>;
}

export function createHost(request: typeof requestDevice): Host {
  return {
    request,
    name: () => `Node ${process.versions.node}`,
    found: adaptersFound,
  };
}

/** This program, where it computes and on what system, in a line. */
export const setting = (host: Host): string =>
  `coin-webgpu ${version}, ${host.name()} with ${DAWN_PACKAGE} on ${process.platform} ${process.arch}`;
