import { explained, writeWhole } from '../files.node.ts';
import type { Profile } from '../gpu/program/profile.ts';
import { chromeTrace } from '../report/profile.ts';

/** Writes a profile as a trace. Returns a line for the user. Throws in one sentence where the file cannot be written. */
export async function writeTrace(file: string, profile: Profile, title: string): Promise<string> {
  await explained(`The trace ${file} cannot be written`, () => writeWhole(file, chromeTrace(profile, title)));
  return `trace: ${file} (open it in chrome://tracing or ui.perfetto.dev)\n`;
}
