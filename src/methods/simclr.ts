import { supCon } from '../ops/sup_con.ts';
import type { PretrainMethod } from './recipe.ts';

/**
 * SimCLR (Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020): self-supervised
 * pre-training on two views of each image. NT-Xent is SupCon whose labels say from which image a view was made.
 */
export const simclr: PretrainMethod = {
  name: 'simclr',
  title: 'SimCLR',
  projector: true,
  classifier: false,
  views: 2,
  settings: () => ['epochs', 'temperature'],
  // The SupContrast repository's for CIFAR: large batches warm up.
  recipe: () => ({
    ...{ epochs: 1000, arch: 'resnet8', batch: 1024, lr: 0.125, optimizer: 'sgd', momentum: 0.9, weight_decay: 1e-4 },
    ...{ drop_last: true, projection: 128, config: { temperature: 0.5 } },
    schedule: ({ lr, batch, epochs }) => ({
      floor: lr * 0.1 ** 3,
      ...(batch > 256 && { warmup_epochs: Math.min(10, epochs), warmup_from: 0.01 }),
    }),
    augmentation: 'simclr',
  }),
  stages: ({ epochs, temperature }) => [
    {
      name: 'pre-training',
      epochs: [0, epochs],
      pairs: 'instances',
      loss: ({ tape, projected, instances, watch }) => {
        const z = projected();
        watch(z, instances);
        return { nt_xent: { loss: supCon(tape, z, instances, { temperature, variant: 'paper' }), weight: 1 } };
      },
    },
  ],
};
