/** The package's main file does not load in Node, and its types name only that one. */
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
