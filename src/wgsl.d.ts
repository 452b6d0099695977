/** A kernel file imported as text: `import source from './x.wgsl' with { type: 'text' }`. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}

/** A script bundled for a page and imported as text: `import script from 'browser:./page.ts'`. */
declare module 'browser:*' {
  const source: string;
  export default source;
}
