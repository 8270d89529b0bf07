// SPDX-License-Identifier: Apache-2.0

/** What an entry counts beside its octets (RFC 7541 §4.1), and a field of the header list too (RFC 9113 §6.5.2). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** A decoded field: an entry of a table, or a literal of one block. What the check of its characters said is kept. */
export class TableEntry {
  readonly name: string;
  readonly value: string;
  /** Name and value as octets (a string from Latin-1 has as many units) and the overhead. */
  readonly bytes: number;
  /** What is wrong with the name, for fields that borrow it. */
  readonly nameFault: string | undefined;
  /** What is wrong with the field: its name's fault, or else its value's. */
  readonly fault: string | undefined;

  constructor(name: string, value: string, nameFault: string | undefined, valueFault: string | undefined) {
    this.name = name;
    this.value = value;
    this.bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.nameFault = nameFault;
    this.fault = nameFault ?? valueFault;
  }
}
