// The folder of a run: its own, so that the files in it belong together and nothing of another run is lost.
import { rmdirSync, rmSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { codeOf, explained, makeFolder, writeWhole } from '../files.node.ts';
import { methods, pretrainMethods } from '../methods/index.ts';
import { number, often, positiveInteger } from './options.ts';
import { addSettingsOptions, SETTINGS_FILE } from './settings.node.ts';

export interface FolderOptions {
  /** As given on the command line; else the first free one of `runs/COMMAND`, `runs/COMMAND-2`, ... */
  readonly out?: string;
  readonly overwrite?: boolean;
  /** The folder of a run that goes on. */
  readonly resume?: string;
}

export interface RunFolder {
  readonly path: string;
  /**
   * Removes what another run left here, where that was asked for, and writes this run's settings; a run that goes on has both
   * behind it. To be called when all that could keep this run from starting is checked, and before its first file is written.
   */
  begin(settings?: string): Promise<void>;
}

/** How often a run is saved, and how many of its states are kept. */
export interface SaveOptions {
  readonly saveEvery: string;
  readonly keep: number;
}

/** Adds what says where a run's files go and how often it is saved, `--config` and `--resume`. */
export const addFolderOptions = (command: Command): Command => {
  const first = defaultOf(command.name());
  command
    .addOption(new Option('--out <folder>', `where its files go (default: ${first}, or ${first}-2 and so on if taken)`))
    .option('--overwrite', 'replace the run that the folder holds')
    .addOption(
      new Option(
        '--save-every <time>',
        'how often the run is saved: 30s, 5min, 200steps (micro-batches), 1epoch, or several: 5min,1epoch',
      )
        .argParser(often)
        .default('1min'),
    )
    .addOption(number('--keep <n>', 'how many of its states are kept, the newest', positiveInteger, 2));
  return addSettingsOptions(command);
};

const defaultOf = (command: string): string => join('runs', command);

/** Programs that write a run's files hold this one, which says who they are, and touch it now and then. */
const LOCK = 'run.lock';

/** Milliseconds between two touches, and after how many of silence a program on another machine counts as gone. */
const TOUCHED = 20_000;
const SILENCE = 180_000;

/** Names of files that runs write, `.part` included, which a program that was killed leaves. */
const WRITTEN = new RegExp(
  `^(results\\.json|report\\.html|${SETTINGS_FILE.replace('.', '\\.')}|(${[...methods, ...pretrainMethods].map(({ name }) => name).join('|')})(-.*)?\\.(jsonl|csv|tensorboard|safetensors|trace\\.json))(\\.\\d+\\.part)?$`,
);

/**
 * Gives a command a folder for the files of its run, which no other program writes to meanwhile.
 * Throws in one sentence when the folder cannot be made, or when it is another run's and may not be overwritten.
 */
export async function inRunFolder<T>(
  command: string,
  { out, overwrite = false, resume }: FolderOptions,
  run: (folder: RunFolder) => Promise<T>,
): Promise<T> {
  const given = resume ?? out;
  const { path, release } =
    given === undefined
      ? await firstFree(command, overwrite)
      : await claim(given, { overwrite: overwrite || resume !== undefined });
  try {
    return await run({
      path,
      async begin(settings) {
        if (resume !== undefined) return;
        await clear(path);
        const file = join(path, SETTINGS_FILE);
        if (settings !== undefined)
          await explained(`The settings ${file} cannot be written`, () => writeWhole(file, settings));
      },
    });
  } finally {
    release();
  }
}

/** A folder is another run's. */
export class Taken extends Error {}

async function firstFree(command: string, overwrite: boolean): Promise<Claim> {
  const first = defaultOf(command);
  for (let n = 1; ; n++) {
    const path = n === 1 ? first : `${first}-${n}`;
    try {
      const claimed = await claim(path, { overwrite });
      if (n > 1) console.error(`${first} holds another run; this one goes to ${path}.`);
      return claimed;
    } catch (error) {
      if (!(error instanceof Taken) || overwrite) throw error;
    }
  }
}

interface Claim {
  readonly path: string;
  release(): void;
}

async function claim(path: string, { overwrite }: { overwrite: boolean }): Promise<Claim> {
  const isNew = await stat(path).then(
    () => false,
    () => true,
  );
  await explained(`The folder ${path} cannot be made`, () => makeFolder(path));
  const release = await lock(path, isNew);
  const found = await resultsIn(path);
  if (found.length === 0 || overwrite) return { path, release };
  release();
  const others = found.length > 1 ? ` and ${found.length - 1} more` : '';
  throw new Taken(
    `The folder ${path} holds another run (${found[0]}${others}); take another --out, or give --overwrite to replace it.`,
  );
}

const resultsIn = async (path: string): Promise<string[]> =>
  (await filesIn(path)).filter((name) => !name.endsWith('.part'));

const filesIn = async (path: string): Promise<string[]> =>
  (await explained(`The folder ${path} cannot be read`, () => readdir(path)))
    .filter((name) => WRITTEN.test(name))
    .sort();

async function clear(path: string): Promise<void> {
  for (const name of await filesIn(path)) {
    const file = join(path, name);
    await explained(`${file}, which is another run's, cannot be removed`, () =>
      rm(file, { force: true, recursive: true }),
    );
  }
}

/**
 * Takes the lock of a folder, also that of a program which has ended. Returns how to give it back, which removes a folder
 * that is new and still empty too.
 */
async function lock(folder: string, isNew: boolean): Promise<() => void> {
  const file = join(folder, LOCK);
  if (!(await take(file))) {
    const isStale = !(await isHeld(file));
    if (isStale) await rm(file, { force: true });
    if (!isStale || !(await take(file)))
      throw new Taken(
        `Another program writes to the folder ${folder}; take another --out, or remove ${file} if that program is gone.`,
      );
  }
  const touching = setInterval(() => utimes(file, new Date(), new Date()).catch(() => {}), TOUCHED).unref();
  const release = () => {
    clearInterval(touching);
    process.off('exit', release);
    rmSync(file, { force: true });
    if (!isNew) return;
    try {
      rmdirSync(folder);
    } catch {
      // It has files now.
    }
  };
  // Also where the program exits; the lock of one that is killed is stale, and the next run takes it over.
  process.on('exit', release);
  return release;
}

/** Writes a lock; false where there is one. */
const take = (file: string): Promise<boolean> =>
  explained(`The folder ${dirname(file)} cannot be written to`, async () => {
    try {
      await writeFile(file, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // A full disk lets the file be made, but not be written.
      await rm(file, { force: true }).catch(() => {});
      throw error;
    }
  });

/** Whether the program that took a lock still runs, as far as this machine can tell: of one elsewhere by the age of its last touch. */
async function isHeld(file: string): Promise<boolean> {
  const { pid, host } = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => ({}));
  const touched = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NEGATIVE_INFINITY,
  );
  if (host !== hostname() || !Number.isInteger(pid)) return Date.now() - touched < SILENCE;
  // Containers give their programs the same numbers again: a lock older than this program is not its own.
  if (pid === process.pid) return touched >= performance.timeOrigin;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
