// What the scripts of a report's page share.
import type { Charts } from './charts.ts';

/** All that they draw. */
export const charts = JSON.parse(document.getElementById('charts')?.textContent ?? '{}') as Charts;

/** A colour of the style sheet, which has others in the dark. */
export const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function canvas(id: string): HTMLCanvasElement {
  return document.getElementById(id) as HTMLCanvasElement;
}
