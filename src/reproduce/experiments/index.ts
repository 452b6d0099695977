import type { Experiment } from '../experiment.ts';
import { figure2 } from './figure2.ts';
import { figure4 } from './figure4.ts';
import { table1 } from './table1.ts';
import { table2 } from './table2.ts';
import { table3 } from './table3.ts';
import { table4 } from './table4.ts';
import { table5 } from './table5.ts';
import { table6 } from './table6.ts';

/** Every table and figure of the paper that is made of trainings. */
export const experiments: readonly Experiment[] = [table1, table2, table3, table4, table5, table6, figure2, figure4];
