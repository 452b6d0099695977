// The connection to a queue: BullMQ on Redis, both loaded only where a queue is asked for.
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

export interface Connection {
  /** The address as it may be shown: without a password. */
  readonly address: string;
  /** Commands wait while Redis is away, and are sent when it is back. */
  readonly client: Redis;
  readonly bullmq: { readonly Queue: typeof Queue; readonly Worker: typeof Worker };
  close(): void;
}

const PACKAGES = 'bullmq@6.7.0 ioredis@5.11.1';

/** Milliseconds within which Redis answers at first. */
const PATIENCE = 5000;

/** Milliseconds between attempts to reach Redis again. */
const AGAIN = 500;

const load = async () => {
  const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
  return { bullmq, Redis };
};

/**
 * Connects to a queue.
 * @param url as `redis://user:password@host:6379/0`, or `rediss://` for TLS.
 * @param onNote told, in a sentence, when Redis goes away and when it is back.
 * @throws one sentence where the URL is none, the packages are missing, or Redis does not answer or does not let this program in.
 */
export async function connectQueue(
  url: string,
  onNote: (message: string) => void,
  loaded: () => ReturnType<typeof load> = load,
): Promise<Connection> {
  const address = addressOf(url);
  const { bullmq, Redis } = await loaded().catch((cause) => {
    throw new Error(`A queue needs packages that are not installed: npm install ${PACKAGES}.`, { cause });
  });
  let state: 'first' | 'there' | 'away' | 'closed' = 'first';
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: PATIENCE,
    // Commands that a restart of Redis interrupts are sent again.
    maxRetriesPerRequest: null,
    retryStrategy: () => (state === 'first' || state === 'closed' ? null : AGAIN),
  });
  let refusal: Error | undefined;
  client.on('error', (error: Error) => {
    refusal ??= error;
    // A password that is wrong does not become right by trying again.
    if (state === 'first' && isDenial(error)) client.disconnect();
  });
  const close = () => {
    state = 'closed';
    client.disconnect();
  };
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    close();
    const why = refusal ?? (error as Error);
    throw new Error(
      isDenial(why)
        ? `The queue ${address} does not let this program in (${why.message}); give user and password in the address, as redis://USER:PASSWORD@HOST:PORT.`
        : `The queue ${address} cannot be reached (${why.message}); start Redis there (redis-server --appendonly yes), or check the address.`,
      { cause: why },
    );
  }
  state = 'there';
  client.on('close', () => {
    if (state !== 'there') return;
    state = 'away';
    onNote(`The queue ${address} is away; this program goes on when it is back.`);
  });
  client.on('ready', () => {
    state = 'there';
    onNote(`The queue ${address} is back.`);
  });
  return { address, client, bullmq, close };
}

const isDenial = ({ message }: Error): boolean =>
  /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|Client sent AUTH))/.test(message);

/** What of a queue's URL may be shown. Throws where it is none. */
function addressOf(url: string): string {
  const { protocol, host, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '', hostname: '' };
  if (!['redis:', 'rediss:'].includes(protocol) || hostname === '')
    throw new Error(`"${url}" is no address of a queue; it must be like redis://HOST:6379.`);
  return `${protocol}//${host}`;
}
