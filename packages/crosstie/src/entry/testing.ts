// SPDX-License-Identifier: Apache-2.0
// `crosstie/testing`: tools for tests of the wire, without sockets and without waiting.

export * from '../testing/index.ts';
