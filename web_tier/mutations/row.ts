import type { Mutation } from './mutation.ts';

/** Settings of an Envoy file, and the test that fails when they are changed. */
export interface Row extends Omit<Mutation, 'file'> {
  /** The file of the test, from the project's folder. */
  in: string;
  /** A part of the test's name, as `vitest -t` takes it. */
  test: string;
}
