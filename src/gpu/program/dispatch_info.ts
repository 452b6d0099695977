import type { Dispatch } from '../../tape/launch.ts';
import type { Workgroups } from '../kernel/target.ts';

/** What there is to tell of a program's dispatch. */
export interface DispatchInfo {
  readonly label: string;
  readonly kernel: string;
  readonly workgroups: Workgroups;
  readonly flops: number;
  readonly bytes: number;
}

export const infoOf = ({ label, kernel, workgroups, flops, bytes }: Dispatch): DispatchInfo => ({
  label,
  kernel: kernel.name,
  workgroups,
  flops,
  bytes,
});
