/** The engines that this one is compared with: what a person calls each. */
export const PEERS = { tfjs: 'tfjs', jax: 'jax-js', onnxruntime: 'onnxruntime-web' } as const;

export type PeerName = keyof typeof PEERS;

export const peerNames = Object.keys(PEERS) as PeerName[];
