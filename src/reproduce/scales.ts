import type { Scale } from './experiment.ts';

/** What the paper's experiments were made under, as far as the paper and its code tell. */
export const PAPER_CONDITIONS: Scale['conditions'] = {
  data: 'nine data sets of 3,060 to 50,000 training images',
  network: 'ResNet-50',
  checkpoint: 'MoCo v2, 800 epochs on ImageNet',
  views: 'crops of 8 % and more at 224 px, flips',
  epochs: '100',
  batch: '64, of which 4 are a step',
  'learning rate': '0.01, along a cosine',
  SupCon: "the released code's, τ = 0.3, λ = 0.1",
  α: '0.7 on CIFAR-10, not told for the others',
  model: "the epoch's that was best on the test images",
  seeds: 'not told (42 in the code)',
};

/** The grid of shares that a machine without the paper's resources tries. */
const ALPHAS = [0, 0.3, 0.5, 0.7, 0.9];

export const scales: Readonly<Record<Scale['name'], Scale>> = {
  smoke: {
    name: 'smoke',
    standIn: 'embedded',
    seeds: [0],
    supCon: 'paper',
    epochs: 6,
    alpha: 0.3,
    alphas: ALPHAS,
    base: {
      ...{ labels: 40, epochs: 6, batch: 64, accumulate: 1, lr: 0.1 },
      ...{ 'crop-scale': 0.5, 'evaluate-every': 4, select: 'last' },
    },
    transformer: { arch: 'vit_mini_patch4', 'image-size': 28 },
    conditions: {
      data: '400 training and 2,000 test images of Fashion-MNIST',
      network: 'a ResNet-8 of 5 MFLOP',
      checkpoint: 'SimCLR, 25 epochs on 5,500 images of Fashion-MNIST',
      views: 'crops of 50 % and more at 28 px, flips',
      epochs: '6',
      batch: '64',
      'learning rate': '0.1, along a cosine',
      SupCon: "Eq. 1's, τ = 0.3, λ = 0.1",
      α: '0.3',
      model: "the last epoch's",
      seeds: 'as given',
    },
    inPlaceOf: {
      supervised: {
        start: 'self-supervised',
        note: 'There is no supervised checkpoint at this scale: SL-CE-Tuning starts from the same self-supervised one, and differs from CE-Tuning by its bias alone.',
      },
      mae: {
        note: 'There is no checkpoint of a masked autoencoder at this scale: the vision transformer starts from random values.',
      },
    },
  },
  small: {
    name: 'small',
    standIn: 'fashion-mnist',
    seeds: [0, 1, 2],
    supCon: 'paper',
    epochs: 20,
    alpha: 0.7,
    alphas: ALPHAS,
    everyAlpha: true,
    base: {
      ...{ labels: 200, epochs: 20, batch: 64, accumulate: 1, lr: 0.03 },
      ...{ 'crop-scale': 0.5, 'evaluate-every': 4, select: 'last' },
    },
    conditions: {
      data: '2,000 training and 10,000 test images of Fashion-MNIST',
      network: "the checkpoint's",
      checkpoint: 'MoCo v2 on 60,000 of its images, as given',
      views: 'crops of 50 % and more at 28 px, flips',
      epochs: '20',
      batch: '64',
      'learning rate': '0.03, along a cosine',
      SupCon: "Eq. 1's, τ = 0.3, λ = 0.1",
      α: '0.3, 0.5, 0.7 and 0.9, each of them a row',
      model: "the last epoch's",
      seeds: 'as given',
    },
  },
  paper: {
    name: 'paper',
    seeds: [42],
    supCon: 'official',
    epochs: 100,
    alpha: 0.7,
    alphas: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    base: {
      ...{ epochs: 100, batch: 64, accumulate: 4, lr: 0.01 },
      ...{ 'image-size': 224, augment: 'coin', 'evaluate-every': 1, select: 'best-test' },
    },
    conditions: { ...PAPER_CONDITIONS, α: '0.7', seeds: 'as given' },
  },
};
