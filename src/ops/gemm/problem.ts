/** What a GEMM kernel computes, however its operands are read: `slices` products of rows × depth by depth × columns. */
export interface Gemm {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly slices: number;
  /** Into how many parts the sum over depth may be cut; 1 unless given. */
  readonly mostSplits?: number;
  /** Whether the operands can be read as vec4s. */
  readonly vec4: boolean;
  /** How k runs in B: down its stored rows unless said, or along them; B may be such that it can be transposed first. */
  readonly b?: 'along' | 'transposable';
  /** Of a convolution: its groups are slices. */
  readonly groups?: number;
  /** Of a convolution: every group has one input and one output channel. */
  readonly depthwise?: boolean;
  /** How operands are read, where that makes another kernel of it: transpositions, or a convolution's filter and strides. */
  readonly operands?: string;
}
