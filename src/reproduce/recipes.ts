// How the rows of tables are trained.
import { methods } from '../methods/index.ts';
import { list } from '../report/summary.ts';
import type { Experiment, Row, Scale, Settings } from './experiment.ts';

/** What methods with SupCon share. */
const supCon = ({ supCon }: Scale): Settings => ({ 'sup-con': supCon, lambda: 0.1, temperature: 0.3 });

const WITH_SUP_CON = ['scl', 'noisy-tune', 'coin'];

/** DELTA's distance is a sum over the batch: with a rate above its authors' 0.01 its weight has to be smaller by as much, or training diverges. */
const delta = ({ base }: Scale): Settings => ({ lambda: Number((0.01 * (0.01 / Number(base.lr))).toPrecision(2)) });

/** A method with its authors' settings, from the checkpoint that it is for. */
export function recipe(method: string, scale: Scale, settings: Settings = {}): Required<Row>['train'] {
  return {
    settings: {
      method,
      ...(WITH_SUP_CON.includes(method) && supCon(scale)),
      ...(method === 'delta' && delta(scale)),
      ...settings,
    },
    start: method === 'sl-ce-tuning' ? 'supervised' : 'self-supervised',
  };
}

/** COIN with a share of first-stage epochs, the scale's unless given; of 0 it is SCL, and the same training. */
export const coinRecipe = (scale: Scale, alpha = scale.alpha): Required<Row>['train'] =>
  alpha === 0 ? recipe('scl', scale) : recipe('coin', scale, { alpha });

/** COIN's rows: one, or one for each share that is tried where none is known to be the best. */
export function coinRows(scale: Scale, row: Omit<Row, 'train' | 'label'>): Row[] {
  const tried = scale.everyAlpha ? scale.alphas.filter((alpha) => alpha > 0) : [scale.alpha];
  return tried.map((alpha) => ({ ...row, label: `COIN, α = ${alpha}`, train: coinRecipe(scale, alpha) }));
}

/** COIN's first stage before another method. */
export const initialized = (method: string, scale: Scale): Row => ({
  label: `COIN + ${titleOf(method)}, α = ${scale.alpha}`,
  train: recipe(method, scale, { 'coin-alpha': scale.alpha, 'coin-temperature': 0.3, 'sup-con': scale.supCon }),
  against: titleOf(method),
});

export const titleOf = (name: string): string => methods.find((method) => method.name === name)?.title ?? name;

/** The rows of an experiment that are trained by some methods, and what they start from. Throws where one of the methods has no row. */
export function onlyMethods(experiment: Experiment, scale: Scale, names: readonly string[]): Experiment {
  const methodOf = ({ train }: Row) => train?.settings.method;
  const rows = experiment.rows(scale);
  const idle = names.find((name) => !rows.some((row) => methodOf(row) === name));
  if (idle !== undefined) throw new Error(`${experiment.title} has no row of the method ${idle}; leave it out.`);
  const isKept = (row: Row) => row.isStart || names.includes(String(methodOf(row)));
  const timed = experiment.timed?.(scale).filter(({ steps }) => steps.every(({ method }) => names.includes(method)));
  return {
    ...experiment,
    rows: (of) => experiment.rows(of).filter(isKept),
    timed: timed && timed.length > 1 ? () => timed : undefined,
    part: `Only the rows of ${list(names.map(titleOf))} are made.`,
  };
}
