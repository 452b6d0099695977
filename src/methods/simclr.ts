import { supCon } from '../ops/sup_con.ts';
import type { Method } from './method.ts';

/**
 * SimCLR (Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020): self-supervised
 * pre-training on two views of each image. NT-Xent is SupCon whose labels say from which image a view was made.
 */
export const simclr: Method = {
  name: 'simclr',
  title: 'SimCLR',
  projector: true,
  views: 2,
  settings: () => ['epochs', 'temperature'],
  stages: ({ epochs, temperature }) => [
    {
      name: 'pre-training',
      epochs: [0, epochs],
      pairs: 'instances',
      loss: ({ tape, projected, instances }) => ({
        nt_xent: { loss: supCon(tape, projected(), instances, { temperature, variant: 'paper' }), weight: 1 },
      }),
    },
  ],
};
