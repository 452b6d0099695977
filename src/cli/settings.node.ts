// A run's settings as a file: written by each run into its folder, taken by --config, and by --resume.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { parse, stringify } from 'yaml';
import { version } from '../../package.json';
import { explained } from '../files.node.ts';
import { flagOf, isGiven } from './options.ts';

/** In a run's folder. */
export const SETTINGS_FILE = 'run.yaml';

/** Options that say where a run's files go and what it shows, and not what it computes; by their names in the parsed options. */
const NO_SETTINGS = ['out', 'overwrite', 'resume', 'config', 'describe', 'profile', 'tune', 'runtime'];

/** Files and folders, which are named from the root, so that the settings hold in any folder. */
const PATHS = ['data', 'weights'];

/** What a run that goes on may be given besides; that data and weights are the same elsewhere is seen by what they hold. */
const BESIDE_RESUME = ['resume', 'describe', 'saveEvery', 'keep', 'runtime', ...PATHS];

const keyOf = (name: string): string => flagOf(name).slice(2);

const settingsOf = (command: Command): Option[] =>
  command.options.filter((option) => !NO_SETTINGS.includes(option.attributeName()));

/**
 * Lets a command take its settings from a file (`--config`) or from the folder of the run that goes on (`--resume`). What is given
 * on the command line counts more; but a run that goes on keeps its settings.
 */
export function addSettingsOptions(command: Command): Command {
  return command
    .option('--config <file>', `settings from a file, as each run writes one (${SETTINGS_FILE}) into its folder`)
    .option('--resume <folder>', 'go on with the run in this folder, with its settings')
    .hook('preAction', async () => {
      const { config, resume } = command.opts<{ config?: string; resume?: string }>();
      if (resume !== undefined) {
        const other = command.options
          .map((option) => option.attributeName())
          .find((name) => isGiven(command, name) && !BESIDE_RESUME.includes(name));
        if (other !== undefined)
          throw new Error(
            `${flagOf(other)} cannot go with --resume: a run that goes on keeps its settings; leave it out.`,
          );
        await takeSettings(command, join(resume, SETTINGS_FILE), `There is no run in ${resume} that could go on`);
      } else if (config !== undefined) await takeSettings(command, config, `The settings ${config} cannot be read`);
    });
}

/** All settings of a command as YAML, defaults included, so that they hold where defaults change. */
export function settingsText(command: Command): string {
  const values = command.opts<Record<string, unknown>>();
  const settings = settingsOf(command).flatMap((option): [string, unknown][] => {
    const name = option.attributeName();
    const value = values[name];
    if (value === undefined) return [];
    return [[keyOf(name), PATHS.includes(name) ? resolve(String(value)) : value]];
  });
  const head = `# coin-webgpu ${version}; repeat this run with: coin ${command.name()} --config ${SETTINGS_FILE}\n`;
  return head + stringify({ command: command.name(), ...Object.fromEntries(settings) });
}

async function takeSettings(command: Command, path: string, refusal: string): Promise<void> {
  const text = await explained(refusal, () => readFile(path, 'utf8'));
  const wrong = (why: string) => new Error(`The settings ${path} cannot be used: ${why}.`);
  let settings: unknown;
  try {
    settings = parse(text);
  } catch (error) {
    throw wrong(`${(error as Error).message.split('\n')[0]?.replace(/[.:]$/, '')}`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw wrong('they are no list of "setting: value"');
  const { command: of, ...values } = settings as Record<string, unknown>;
  if (of !== undefined && of !== command.name()) throw wrong(`they are those of coin ${of}`);
  for (const [key, value] of Object.entries(values)) {
    const option = settingsOf(command).find((known) => keyOf(known.attributeName()) === key);
    if (!option) throw wrong(`coin ${command.name()} has no setting "${key}"`);
    const name = option.attributeName();
    if (isGiven(command, name)) continue;
    command.setOptionValueWithSource(
      name,
      held(option, value, (why) => wrong(`${key}: ${why}`)),
      'config',
    );
  }
}

/** A setting's value, held to what its option takes. */
function held(option: Option, value: unknown, wrong: (why: string) => Error): unknown {
  if (option.isBoolean() || option.negate) {
    if (typeof value !== 'boolean') throw wrong(`it must be true or false, and is ${JSON.stringify(value)}`);
    return value;
  }
  if (typeof value === 'object') throw wrong(`it must be one value, and is ${JSON.stringify(value)}`);
  if (!option.parseArg) return String(value);
  try {
    return option.parseArg(String(value), undefined);
  } catch (error) {
    throw wrong((error as Error).message.replace(/^It/, 'it').replace(/\.$/, ''));
  }
}
