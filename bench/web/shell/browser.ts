import { version } from '../../../package.json';

/** Those that are built on another one name it too, and so come first. */
const BROWSERS = {
  Edg: 'Edge',
  OPR: 'Opera',
  Firefox: 'Firefox',
  HeadlessChrome: 'headless Chrome',
  Chrome: 'Chrome',
  Version: 'Safari',
};

/** What the page was built from; the bundler puts it here, and it is empty where there is no repository. */
export const commit = process.env.COMMIT ?? '';

/** This package with the commit that the page was built from, the browser and its system, in a line. */
export function setting({ userAgent } = navigator): string {
  const [key, name] = Object.entries(BROWSERS).find(([word]) => userAgent.includes(`${word}/`)) ?? ['', 'a browser'];
  const release = new RegExp(`${key}/(\\d+[.\\d]*?)(\\.0)*( |$)`).exec(userAgent)?.[1] ?? '';
  const system = /\(([^)]*)\)/.exec(userAgent)?.[1] ?? '';
  return `coin-webgpu ${version}${commit && ` at ${commit}`}, ${name} ${release} on ${system}`;
}
