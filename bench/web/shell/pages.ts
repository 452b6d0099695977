/** The pages in the order of the navigation: each is a folder here with a `main.tsx` and, where it uses a device, a `worker.ts`. */
export interface Page {
  readonly name: string;
  /** The file of the page. */
  readonly file: string;
  readonly title: string;
  /** For search engines and shared links. */
  readonly description: string;
}

export const pages: readonly Page[] = [
  {
    name: 'workbench',
    file: 'index.html',
    title: 'Workbench',
    description: 'Edit a WebGPU kernel and see within a second whether it is right and whether it is faster.',
  },
  {
    name: 'suite',
    file: 'suite.html',
    title: 'Suite',
    description: 'Time the kernels of neural networks on this WebGPU adapter, and compare two runs.',
  },
  {
    name: 'adapter',
    file: 'adapter.html',
    title: 'Adapter',
    description:
      'What this WebGPU adapter has, what follows from what it lacks, and whether every kernel computes right on it.',
  },
];
