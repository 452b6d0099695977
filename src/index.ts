export * from './gpu/device.ts';
export { compile, type DispatchInfo, type Program, type ProgramMemory } from './gpu/program/program.ts';
export * from './ops/elementwise.ts';
export * from './ops/gradients.ts';
export * from './ops/sup_con.ts';
export * from './tape/parameter.ts';
export * from './tape/tape.ts';
export * from './tape/tensor.ts';
