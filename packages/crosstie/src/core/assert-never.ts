// SPDX-License-Identifier: Apache-2.0

/** Ends a `switch` over a union: a new member without its case is a compile error, and at run time a loud one. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
