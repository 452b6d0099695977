import type { FeaturePlot, FlatScores, ReportData, Run } from '../../src/report/data.ts';

const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** Uniform in [0, 1), by the generator of Park and Miller. */
function uniform(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (16807 * state) % 2147483647;
    return state / 2147483647;
  };
}

/** Ten blobs around a circle; the smaller the spread, the better they part. */
export function blobs(count: number, spread: number, seed: number): FeaturePlot {
  const random = uniform(seed);
  const around = () => random() + random() + random() - 1.5;
  const labels = Array.from({ length: count }, (_, i) => i % CLASSES.length);
  const points = labels.map((label) => {
    const radius = label % 2 === 0 ? 30 : 21;
    const angle = (2 * Math.PI * label) / CLASSES.length;
    return [radius * Math.cos(angle) + spread * around(), radius * Math.sin(angle) + spread * around()] as const;
  });
  const turned = points.map(([x, y]) => [y, -x] as const);
  return {
    planes: [
      { name: 'UMAP', points },
      { name: 'PCA', points: turned },
    ],
    labels,
  };
}

/** Every seventh image is taken for the next class. */
const taken = (plot: FeaturePlot): FeaturePlot => ({
  ...plot,
  predictions: Array.from(plot.labels, (label, i) => (i % 7 === 0 ? (label + 1) % CLASSES.length : label)),
});

interface Shape {
  method: string;
  title: string;
  alpha: number;
  top1: number;
  s_dbw: number;
  spread: number;
}

const SHAPES: Shape[] = [
  { method: 'ce-tuning', title: 'CE-Tuning', alpha: 0, top1: 71.4, s_dbw: 1.12, spread: 14 },
  { method: 'scl', title: 'SCL', alpha: 0, top1: 73.8, s_dbw: 0.93, spread: 10 },
  { method: 'coin', title: 'COIN', alpha: 0.2, top1: 75.2, s_dbw: 0.78, spread: 6.5 },
];

function run({ method, title, alpha, top1, s_dbw, spread }: Shape, epochs: number, seed: number, count: number): Run {
  const random = uniform(seed + 97 * title.length);
  const noise = () => (random() - 0.5) * 0.06;
  const boundary = Math.round(alpha * epochs);
  const progress = (epoch: number) => 1 - Math.exp((-4.5 * epoch) / epochs);
  const evaluations = Array.from({ length: epochs + 1 }, (_, epoch) => {
    const trained = Math.max(0, epoch - boundary);
    const scat = 0.55 + (s_dbw * 0.4 - 0.55) * progress(epoch) + noise() * 0.3;
    const dens_bw = 1.25 + (s_dbw * 0.6 - 1.25) * progress(epoch) + noise();
    const accuracy = 10 + (top1 - 10) * progress(trained * 1.6) + noise() * 25;
    return { epoch, top1: Math.round(accuracy * 50) / 50, s_dbw: scat + dens_bw, scat, dens_bw };
  });
  const losses = Array.from({ length: epochs }, (_, epoch): Run['losses'][number] => {
    const trained = Math.max(0, epoch - boundary);
    const cross_entropy = 0.35 + 1.95 * (1 - progress(trained * 1.4)) + noise();
    const sup_con = 4.1 + 1.4 * (1 - progress(epoch)) + noise();
    if (method === 'ce-tuning') return { epoch, stage: 'fine-tuning', losses: { total: cross_entropy, cross_entropy } };
    if (epoch < boundary) return { epoch, stage: 'contrastive initialization', losses: { total: sup_con, sup_con } };
    return { epoch, stage: 'fine-tuning', losses: { total: cross_entropy + 0.1 * sup_con, cross_entropy, sup_con } };
  });
  const { epoch: _, ...scores } = evaluations.at(-1)!;
  return {
    method,
    title,
    alpha,
    seed,
    ...scores,
    epochs,
    seconds: 40 + 9 * title.length + 20 * random(),
    ...(boundary > 0 && { stageSwitch: boundary }),
    losses,
    evaluations,
    features: taken(blobs(count, spread, seed)),
  };
}

/** A comparison of three methods on ten classes, as it might come out. */
export function madeUp({ seeds = [0], epochs = 30, points = 500 } = {}): ReportData {
  const before: FlatScores = { s_dbw: 1.834, scat: 0.561, dens_bw: 1.273 };
  return {
    title: 'Fine-tuning ResNet-18 on CIFAR-10',
    adapter: 'NVIDIA H100 80GB HBM3 (Vulkan)',
    created: '22 November 2026, 21:40',
    settings: {
      checkpoint: 'moco-resnet18',
      epochs,
      'batch size': 64,
      'learning rate': 0.05,
      momentum: 0.9,
      'weight decay': 0.0005,
      λ: 0.1,
      α: 0.2,
      'temperature τ': 0.07,
      'label smoothing': 0,
      'SupCon variant': 'official',
      augmentation: 'crop, flip, colour jitter',
      'training images': 5000,
      'test images': 2000,
    },
    classes: CLASSES,
    tested: 2000,
    runs: seeds.flatMap((seed) => SHAPES.map((shape) => run(shape, epochs, seed, points))),
    before: { ...before, features: blobs(points, 26, 5) },
  };
}
