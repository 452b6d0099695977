import { PEERS, type PeerName } from './names.ts';
import type { Peer } from './peer.ts';

/** Each is loaded when it is asked for. */
const load: Readonly<Record<PeerName, () => Promise<Peer>>> = {
  tfjs: async () => (await import('./tfjs.ts')).tfjs,
  jax: async () => (await import('./jax.ts')).jax,
  onnxruntime: async () => (await import('./onnxruntime.ts')).onnxruntime,
};

/** Those that have been started, which they can be once. */
const started = new Map<PeerName, Promise<Peer>>();

/** An engine ready to run. Where it does not start, it is one that says so whatever it is asked. */
export function startPeer(name: PeerName): Promise<Peer> {
  const known = started.get(name) ?? start(name);
  started.set(name, known);
  return known;
}

async function start(name: PeerName): Promise<Peer> {
  try {
    const peer = await load[name]();
    await peer.start();
    return peer;
  } catch (error) {
    const refuse = async () => {
      throw new Error(`it does not start: ${(error as Error).message}`);
    };
    return { name: PEERS[name], start: refuse, prepare: refuse, train: refuse };
  }
}
