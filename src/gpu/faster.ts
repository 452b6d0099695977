import type { Target } from './kernel/target.ts';

/** What brings llvmpipe, which trains several times as fast as SwiftShader. */
export const MESA =
  'Mesa 25 or later (on Debian and Ubuntu the package mesa-vulkan-drivers) brings llvmpipe, which is several times as fast';

/** Sentences on what would be faster than this adapter, and how to get it; `found` are the names of others beside it. */
export function fasterThan({ kind, name, features }: Target, found: readonly string[] = []): string[] {
  if (kind === 'gpu') return [];
  const isSwiftShader = /swiftshader/i.test(name);
  const llvmpipe = found.find((other) => /llvmpipe/i.test(other));
  return [
    'This driver runs on the processor; a GPU with a driver for Vulkan, Metal or Direct3D 12 is faster by far.',
    ...(isSwiftShader
      ? [
          llvmpipe
            ? `${llvmpipe} is here too, and faster: leave GPU unset, or set GPU=llvmpipe.`
            : `${MESA} (in Node and Deno; browsers keep SwiftShader).`,
        ]
      : []),
    ...(features.has('subgroups')
      ? []
      : [
          'Node and Chromium have subgroups on this driver, which Deno has not; the kernels for processors gain most from them.',
        ]),
  ];
}
