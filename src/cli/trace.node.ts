import { writeFile } from 'node:fs/promises';
import type { Profile } from '../gpu/program/profile.ts';
import { chromeTrace } from '../report/profile.ts';
import { reason } from './errors.ts';

/** Writes a profile as a trace. Returns a line for the user. Throws in one sentence where the file cannot be written. */
export async function writeTrace(file: string, profile: Profile, title: string): Promise<string> {
  await writeFile(file, chromeTrace(profile, title)).catch((cause) => {
    throw new Error(`The trace ${file} cannot be written: ${reason(cause)}.`, { cause });
  });
  return `trace: ${file} (open it in chrome://tracing or ui.perfetto.dev)\n`;
}
