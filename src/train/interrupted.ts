/** A training was asked to end before it was done, and has: what it came to is saved. */
export class Interrupted extends Error {}
