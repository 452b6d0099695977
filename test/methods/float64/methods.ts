// The methods of the paper's table 1, step by step in float64: what each adds to a step's loss, and what it keeps between steps.
import { crossEntropy, halfSquares, mapDistance, smallSingularValues, supCon, tripletLoss } from './losses.ts';
import { COMPARED, encode, type Leaves, linear, projector, type Values } from './network.ts';
import { type Scalar, type Scalars, unitRows } from './scalars.ts';

/** What a method sees of a step: views of the images behind one another, and the labels of the images. */
export interface Step64 {
  readonly t: Scalars;
  readonly epoch: number;
  readonly images: readonly Float64Array[];
  readonly labels: readonly number[];
  readonly leaves: Leaves;
  readonly values: Values;
  /** So many random numbers in [0, 1) of this step. */
  draws(count: number, stream: string): number[];
}

/** Each with its weight in the sum. */
export type Terms = Record<string, readonly [loss: Scalar, weight: number]>;

export interface Method64 {
  /** The parts of the model that are trained in an epoch. */
  readonly trains: (epoch: number) => readonly string[];
  readonly terms: (step: Step64) => Terms;
  /** Before an epoch's steps, of which the values become the engine's where they are random. */
  readonly before?: (epoch: number, values: Values, engine: Values) => void;
  readonly afterUpdate?: (values: Values, round: Scalars['round']) => void;
  /** Without weight decay. */
  readonly undecayed?: boolean;
  /** The learning rate of a parameter. */
  readonly rate?: (name: string, lr: number, peak: number) => number;
}

export const features = ({ t, leaves, values, images }: Step64) =>
  encode(t, leaves, values, images, { training: true });
export const logits = ({ t, leaves }: Step64, z: readonly Scalar[][]) => linear(t, leaves, 'classifier', z);
const HEAD = ['encoder', 'classifier'] as const;
export const ALL = ['encoder', 'projector', 'classifier'] as const;

export const ceTuning = (smoothing = 0): Method64 => ({
  trains: () => HEAD,
  terms: (step) => ({
    cross_entropy: [crossEntropy(step.t, logits(step, features(step).features), step.labels, smoothing), 1],
  }),
});

type SupCon = Parameters<typeof supCon>[3];

export const scl = (lambda: number, contrast: SupCon): Method64 => ({
  trains: () => ALL,
  terms: (step) => {
    const z = features(step).features;
    return {
      cross_entropy: [crossEntropy(step.t, logits(step, z), step.labels), 1],
      sup_con: [supCon(step.t, projector(step.t, step.leaves, z), step.labels, contrast), lambda],
    };
  },
});

/** COIN's first stage for one epoch, then another method, which begins with what it finds. */
export const afterInitialization = (method: Method64, contrast: SupCon): Method64 => ({
  ...method,
  trains: (epoch) => (epoch === 0 ? ['encoder', 'projector'] : method.trains(epoch - 1)),
  terms: (step) =>
    step.epoch === 0
      ? { sup_con: [supCon(step.t, projector(step.t, step.leaves, features(step).features), step.labels, contrast), 1] }
      : method.terms({ ...step, epoch: step.epoch - 1 }),
  before: (epoch, ...rest) => {
    if (epoch > 0) method.before?.(epoch - 1, ...rest);
  },
});

/** Keeps the model as it is, its names behind `prefix`. */
export const keep = (values: Values, prefix: string) => {
  for (const [name, own] of [...values])
    if (ALL.some((part) => name.startsWith(`${part}.`))) values.set(prefix + name, own.slice());
};

export const isWeight = (name: string, part: string) => name.startsWith(`${part}.`) && !name.includes('running_');
const weightsOf = ({ leaves }: Step64, part: string) => [...leaves].filter(([name]) => isWeight(name, part));

export const l2Sp = (alpha: number, beta: number, held: 'all' | 'weights'): Method64 => ({
  undecayed: true,
  trains: () => HEAD,
  before: (epoch, values) => {
    if (epoch === 0) keep(values, 'reference.');
  },
  terms: (step) => {
    const { t, values } = step;
    // Batch norms have no matrices.
    const own = weightsOf(step, 'encoder').filter(
      ([name]) => held === 'all' || /conv\d\.weight|downsample\.0/.test(name),
    );
    const start = own.flatMap(([name]) => Array.from(values.get(`reference.${name}`)!));
    return {
      ...ceTuning().terms(step),
      penalty_backbone: [
        halfSquares(
          t,
          own.flatMap(([, xs]) => xs),
          start,
        ),
        alpha,
      ],
      penalty_head: [
        halfSquares(
          t,
          weightsOf(step, 'classifier').flatMap(([, xs]) => xs),
        ),
        beta,
      ],
    };
  },
});

export const bss = (eta: number, k: number): Method64 => ({
  trains: () => HEAD,
  terms: (step) => {
    const z = features(step).features;
    return {
      cross_entropy: [crossEntropy(step.t, logits(step, z), step.labels), 1],
      singular_values: [smallSingularValues(step.t, z, k), eta],
    };
  },
});

export const rifle = (rate: 'same' | 'cyclic'): Method64 => ({
  ...ceTuning(),
  // Periods of one epoch, of which each begins at the peak.
  rate: (name, lr, peak) => (rate === 'cyclic' && name.startsWith('classifier.') ? peak : lr),
  before: (epoch, values, engine) => {
    if (epoch > 0) values.set('classifier.weight', engine.get('classifier.weight')!.slice());
  },
});

export const noisyTune = (lambda: number, contrast: SupCon): Method64 => ({
  ...scl(lambda, contrast),
  before: (epoch, values, engine) => {
    if (epoch > 0) return;
    for (const name of values.keys()) if (isWeight(name, 'encoder')) values.set(name, engine.get(name)!.slice());
  },
});

/** The places of numbers in ascending order. */
export const order = (keys: readonly number[]) => keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!);

/** Triplets beside the cross-entropy, or with `first` an epoch of them alone before it. */
export function mAndM({ weight, margin, first }: { weight: number; margin: number; first: boolean }): Method64 {
  const triplets = ({ t, labels, draws }: Step64, z: readonly Scalar[][]) => {
    const n = labels.length;
    const visits = order(draws(n, 'mmor'));
    const shares = draws(2 * n, 'mmpa');
    const partners = labels.map((label, i) => {
      const visited = new Set(visits.slice(0, visits.indexOf(i)));
      const pick = (isOf: (j: number) => boolean, share: number, otherwise: number) => {
        const all = labels.flatMap((_, j) => (j !== i && isOf(j) ? [j] : []));
        const before = all.filter((j) => visited.has(j));
        const among = before.length > 0 ? before : all;
        return among[Math.floor(share * among.length)] ?? otherwise;
      };
      return [
        pick((j) => labels[j] === label, shares[i]!, i),
        pick((j) => labels[j] !== label, shares[n + i]!, -1),
      ] as const;
    });
    return tripletLoss(t, unitRows(t, z), partners, margin);
  };
  return {
    trains: (epoch) => (first && epoch === 0 ? ['encoder'] : HEAD),
    terms: (step): Terms => {
      const z = features(step).features;
      if (first && step.epoch === 0) return { triplet: [triplets(step, z), 1] };
      const cross_entropy = [crossEntropy(step.t, logits(step, z), step.labels), 1] as const;
      return first ? { cross_entropy } : { cross_entropy, triplet: [triplets(step, z), weight] };
    },
  };
}

/** `learn` gives what the channels weigh, by convolution; all weigh alike without. */
export function delta(alpha: number, beta: number, learn?: (values: Values) => Values): Method64 {
  return {
    undecayed: true,
    trains: () => HEAD,
    before: (epoch, values) => {
      if (epoch > 0) return;
      keep(values, 'reference.');
      for (const [name, weights] of learn?.(values) ?? []) values.set(name, weights);
    },
    terms: (step) => {
      const { t, leaves, values, images, labels } = step;
      const student = features(step);
      const teacher = encode(t, leaves, values, images, { training: false, prefix: 'reference.' });
      const distances = COMPARED.map((name, i): [string, readonly [Scalar, number]] => {
        const weights = values.get(`channels.${name}`);
        return [
          `feature_map_${i + 1}`,
          [mapDistance(t, student.maps.get(name)!, teacher.maps.get(name)!, weights), alpha],
        ];
      });
      return {
        cross_entropy: [crossEntropy(t, logits(step, student.features), labels), 1],
        ...Object.fromEntries(distances),
        penalty_head: [
          halfSquares(
            t,
            weightsOf(step, 'classifier').flatMap(([, xs]) => xs),
          ),
          beta,
        ],
      };
    },
  };
}
