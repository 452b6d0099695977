/** What holds a kernel that stays below half of an adapter's roof, by a word of the adapter's name and by kernel. */
const NOTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  swiftshader: {},
  llvmpipe: {},
};

export const notesFor = (adapter: string): Readonly<Record<string, string>> =>
  Object.entries(NOTES).find(([word]) => adapter.toLowerCase().includes(word))?.[1] ?? {};
