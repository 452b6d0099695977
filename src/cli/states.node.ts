// The states of a run in its folder: written whole, the newest few kept, found again by its log.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { explained, writeWhole } from '../files.node.ts';
import type { TrainEvent } from '../train/events.ts';
import { type RunState, stateFile, stateOf } from '../train/run_state.ts';
import { firstNonFinite } from '../weights/finite.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';

/** The files of one method's states. */
export interface States {
  /** Writes a state; gives its file's name. Throws where it holds what is no finite number, or cannot be written; what was written before stays. */
  write(state: RunState, step: number): Promise<string>;
  /** Removes what is older than the newest few, all that lies behind a step, and what a program that was killed left half written. */
  prune(step: number): Promise<void>;
  /** The last state that the log names and that is whole. */
  latest(events: readonly TrainEvent[]): Promise<{ state: RunState; metadata: Record<string, string> } | undefined>;
}

/**
 * @param keep how many are kept.
 * @param metadata what the files say of the model besides.
 */
export function statesIn(
  folder: string,
  method: string,
  { keep, metadata }: { keep: number; metadata: () => Record<string, string> },
): States {
  const fileOf = (step: number) => `${method}-step-${String(step).padStart(8, '0')}.safetensors`;
  const stepOf = (name: string): number | undefined => {
    const step = Number.parseInt(name.slice(`${method}-step-`.length), 10);
    return name === fileOf(step) ? step : undefined;
  };
  return {
    async write(state, step) {
      const path = join(folder, fileOf(step));
      const broken = firstNonFinite(state.tensors);
      if (broken)
        throw new Error(
          `${broken.name} became ${broken.value}, so no checkpoint is written to ${path}; try a lower learning rate.`,
        );
      const { tensors, metadata: own } = stateFile(state);
      await explained(`The checkpoint ${path} cannot be written`, () =>
        writeWhole(path, writeSafetensors(tensors, { ...metadata(), ...own })),
      );
      return fileOf(step);
    },
    async prune(step) {
      const names = await readdir(folder);
      const steps = names.map(stepOf).filter((found) => found !== undefined);
      const kept = steps
        .filter((found) => found <= step)
        .sort((a, b) => b - a)
        .slice(0, keep);
      const parts = names.filter((name) => name.startsWith(`${method}-step-`) && name.endsWith('.part'));
      const old = steps.filter((found) => !kept.includes(found)).map(fileOf);
      for (const name of [...parts, ...old]) await rm(join(folder, name), { force: true });
    },
    async latest(events) {
      for (const event of [...events].reverse()) {
        if (event.type !== 'saved') continue;
        const path = join(folder, event.file);
        try {
          const file = readSafetensors(new Uint8Array(await readFile(path)), path);
          return { state: stateOf(file, path), metadata: file.metadata };
        } catch (error) {
          console.error(`${path} cannot be gone on from (${(error as Error).message}); the one before it is taken.`);
        }
      }
      return undefined;
    },
  };
}
