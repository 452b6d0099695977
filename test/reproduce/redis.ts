// A Redis of a test's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const PROGRAM = 'redis-server';

/** Why tests with a Redis are skipped; undefined where it is installed. */
export const withoutRedis = (process.env.PATH ?? '')
  .split(delimiter)
  .some((folder) => isExecutable(join(folder, PROGRAM)))
  ? undefined
  : `${PROGRAM} is not installed (Debian's package of this name)`;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface TestRedis {
  readonly url: string;
  /** Kills it at once, without a chance to bring anything in order, and starts it again with what it wrote. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Redis whose jobs outlive a restart: it appends all commands to a file. */
export async function startRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'coin-redis-'));
  const port = await freePort();
  const start = async () => {
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
    const server = spawn(PROGRAM, args, { stdio: 'ignore' });
    while (!(await answers(port))) {
      if (server.exitCode !== null) throw new Error(`${PROGRAM} ended at once`);
      await new Promise((done) => setTimeout(done, 20));
    }
    return server;
  };
  const end = async (server: ChildProcess) => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    async restart() {
      await end(server);
      server = await start();
    },
    async stop() {
      await end(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether it answers to PING, and not only that it is loading. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('data', (text) => end(text.toString().startsWith('+PONG')));
    socket.on('error', () => end(false));
  });
}
