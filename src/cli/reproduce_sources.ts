// The data and the checkpoints that an experiment is given.
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DATA_SETS, type DataSet, type Experiment, type Scale, type Start } from '../reproduce/experiment.ts';
import { dataSetsOf, type Sources } from '../reproduce/plan.ts';
import { contentOf, embeddedWeights } from './contents.ts';
import { hashOf } from './setup.ts';

/** What a command is told of them. */
export interface SourceOptions {
  readonly data?: string;
  readonly datasets?: readonly DataSet[];
  readonly weights?: string;
  readonly supervised?: string;
  readonly mae?: string;
}

/** The options that name a checkpoint, by what it is for. */
const STARTS = { 'self-supervised': 'weights', supervised: 'supervised', mae: 'mae' } as const satisfies Record<
  Start,
  keyof SourceOptions
>;

/**
 * What an experiment is given at a scale. Throws one sentence that names all that is missing: at the scale of the paper each checkpoint
 * and data set that a row needs, at the small one the data and the self-supervised checkpoint.
 */
export async function sourcesOf(experiment: Experiment, scale: Scale, options: SourceOptions): Promise<Sources> {
  const { data, datasets = dataSetsOf(experiment, scale) } = options;
  if (scale.name === 'smoke') {
    const idle = (['data', 'datasets', 'weights', 'supervised', 'mae'] as const).find((name) => options[name]);
    if (idle)
      throw new Error(`--${idle} has no effect at the scale "smoke", which uses what is embedded; leave it out.`);
    const own = await checkpoint(embeddedWeights());
    return { data: { embedded: { sha256: await contentOf() } }, weights: { 'self-supervised': own } };
  }
  if (scale.standIn && options.datasets)
    throw new Error(`--datasets has no effect at the scale "${scale.name}", which has one alone; leave it out.`);
  const other = datasets.find((name) => !dataSetsOf(experiment, scale).includes(name));
  if (other) throw new Error(`${experiment.title} does not have the data set ${other}; leave it out.`);
  const folders = datasets.map((name) => ({ name, path: data && (scale.standIn ? data : join(data, name)) }));
  const absent = [];
  for (const { name, path } of folders)
    if (path === undefined || !(await isThere(path)))
      absent.push(`${DATA_SETS[name]} (${path ?? `--data FOLDER${scale.standIn ? '' : ` with ${name}/`}`})`);
  const needed = new Set(experiment.rows(scale).flatMap(({ train }) => train?.start ?? []));
  const weights: { -readonly [S in Start]?: Awaited<ReturnType<typeof checkpoint>> } = {};
  for (const start of needed) {
    const path = options[STARTS[start]];
    if (path !== undefined) weights[start] = await checkpoint(path);
    else if (scale.name === 'paper' || start === 'self-supervised')
      absent.push(`the ${start} checkpoint (--${STARTS[start]} FILE)`);
  }
  if (absent.length > 0)
    throw new Error(`${experiment.title} at the scale "${scale.name}" cannot be made without ${absent.join(', ')}.`);
  const given: { -readonly [D in DataSet]?: Sources['data'][D] } = {};
  for (const { name, path } of folders)
    given[name] = { ...(path !== undefined && { path }), sha256: await contentOf(path) };
  return { data: given, weights };
}

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const checkpoint = async (path: string) => ({ path, name: basename(path), sha256: await hashOf(path) });
