import { type Command, Option } from 'commander';
import { methodNamed, methods, withInitialization } from '../methods/index.ts';
import type { Method, MethodConfig } from '../methods/method.ts';
import { fraction, nonNegative, number, positive, positiveInteger } from './options.ts';

/** What a method of fine-tuning can be told on the command line. */
export interface MethodOptions {
  readonly method: string;
  readonly alpha: number;
  readonly coinAlpha?: number;
  readonly coinTemperature: number;
  readonly lambda: number;
  readonly temperature: number;
  readonly supCon: MethodConfig['variant'];
  readonly labelSmoothing: number;
  readonly headDecay: number;
  readonly held: NonNullable<MethodConfig['held']>;
  readonly margin: number;
  readonly queueLength: number;
  readonly keyMomentum: number;
  readonly officialQuirks?: boolean;
  readonly channels: NonNullable<MethodConfig['channels']>;
  readonly singularValues: number;
  readonly reinitializations: number;
  readonly classifierRate: NonNullable<MethodConfig['classifier_rate']>;
  readonly noise: number;
}

/** The options that only some methods read, and the settings that they become. */
export const OF_METHODS = {
  alpha: 'alpha',
  coinAlpha: 'coin_alpha',
  coinTemperature: 'coin_temperature',
  lambda: 'lambda',
  temperature: 'temperature',
  supCon: 'variant',
  labelSmoothing: 'label_smoothing',
  headDecay: 'head_decay',
  held: 'held',
  margin: 'margin',
  queueLength: 'queue_length',
  keyMomentum: 'key_momentum',
  officialQuirks: 'official_quirks',
  channels: 'channels',
  singularValues: 'singular_values',
  reinitializations: 'reinitializations',
  classifierRate: 'classifier_rate',
  noise: 'noise',
} as const satisfies Record<Exclude<keyof MethodOptions, 'method'>, keyof MethodConfig>;

/** Settings that each run has, whether its method reads them or not. */
const OF_ALL: readonly (keyof MethodConfig)[] = ['alpha', 'lambda', 'temperature', 'variant', 'label_smoothing'];

export function addMethodOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--method <name>', 'fine-tuning method').choices(methods.map(({ name }) => name)).default('coin'),
    )
    .addOption(
      number(
        '--alpha <share>',
        "the first of COIN's two stages as a share of the epochs; of m-and-m's: 0",
        fraction,
        0.7,
      ),
    )
    .addOption(number('--coin-alpha <share>', "COIN's first stage before any other method", fraction))
    .addOption(number('--coin-temperature <tau>', 'temperature of that stage', positive, 0.3))
    .addOption(
      number('--lambda <weight>', `of what is added to the cross-entropy; ${others('lambda')}`, nonNegative, 0.1),
    )
    .addOption(number('--temperature <tau>', `of SupCon; ${others('temperature')}`, positive, 0.3))
    .addOption(
      new Option('--sup-con <form>', "SupCon's normalisation: Eq. 1's, the released code's, or others'")
        .choices(['paper', 'official', 'paper-valid', 'sup_contrast'])
        .default('paper'),
    )
    .addOption(number('--label-smoothing <s>', 'of the cross-entropy', fraction, 0))
    .addOption(
      number('--head-decay <beta>', "l2-sp, delta: weight of half the classifier's squared norm", nonNegative, 0.01),
    )
    .addOption(
      new Option('--held <which>', 'l2-sp: what is held, all or only weights of two dimensions and more')
        .choices(['all', 'weights'])
        .default('all'),
    )
    .addOption(number('--margin <m>', 'm-and-m: of the triplets', nonNegative, 2.1))
    .addOption(
      new Option('--channels <weights>', 'delta: learned first, by the loss without each channel, or all equal')
        .choices(['learned', 'equal'])
        .default('learned'),
    )
    .addOption(number('--singular-values <k>', 'bss: how many of the smallest are shrunk', positiveInteger, 1))
    .addOption(number('--queue-length <n>', 'bi-tuning: keys that are held of each class', positiveInteger, 40))
    .addOption(number('--key-momentum <m>', "bi-tuning: of the keys' encoder", fraction, 0.999))
    .option('--official-quirks', 'core-tuning: as its released code does, where that is not what its paper says')
    .addOption(number('--reinitializations <n>', 'rifle: how often the classifier is made anew', positiveInteger, 2))
    .addOption(
      new Option('--classifier-rate <kind>', "rifle: the classifier's rate, as all else or a cosine each period")
        .choices(['same', 'cyclic'])
        .default('same'),
    )
    .addOption(number('--noise <width>', "noisy-tune: in each tensor's deviations", nonNegative, 0.15));
}

/** Which methods have another default, for the help. */
const others = (setting: keyof MethodConfig): string =>
  methods
    .flatMap(({ name, defaults = {} }) => (defaults[setting] === undefined ? [] : [`${name}: ${defaults[setting]}`]))
    .join(', ');

/** The method that the options name, behind COIN's first stage where they say so. Throws where that contradicts it. */
export function methodOf({ method: name, coinAlpha }: Pick<MethodOptions, 'method' | 'coinAlpha'>): Method {
  const method = methodNamed(name);
  if (coinAlpha === undefined) return method;
  if (name === 'coin')
    throw new Error('--coin-alpha has no effect: COIN begins with that stage by itself; give --alpha in place of it.');
  return withInitialization(method);
}

/**
 * Gives the options that were not given what the method's authors take, so that a run's settings tell it. Throws where one that
 * was given contradicts the method.
 */
export function takeDefaults(command: Command, { defaults = {}, heads, replacesDecay, title }: Method): void {
  for (const [option, setting] of Object.entries(OF_METHODS))
    if (defaults[setting] !== undefined && command.getOptionValueSource(option) === 'default')
      command.setOptionValueWithSource(option, defaults[setting], 'default');
  if (heads?.projector && command.getOptionValueSource('projection') === 'default')
    command.setOptionValueWithSource('projection', heads.projector.out, 'default');
  if (!replacesDecay) return;
  if (command.getOptionValueSource('weightDecay') !== 'default' && command.getOptionValue('weightDecay') !== 0)
    throw new Error(`--weight-decay contradicts ${title}, which holds the weights by terms of its own; leave it out.`);
  command.setOptionValueWithSource('weightDecay', 0, 'default');
}

/** The settings that a method reads, and those that every run has. */
export function methodSettings(options: MethodOptions, method: Method, epochs: number): MethodConfig {
  const all = Object.fromEntries(
    Object.entries(OF_METHODS).map(([option, setting]) => [setting, options[option as keyof typeof OF_METHODS]]),
  ) as unknown as MethodConfig;
  const read = method.settings({ ...all, epochs });
  const wanted = Object.entries(all).filter(([name]) => [...OF_ALL, ...read].includes(name as keyof MethodConfig));
  return { ...(Object.fromEntries(wanted) as unknown as MethodConfig), epochs };
}
