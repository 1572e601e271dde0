const CAPACITY_MIN = 1024;

/** References of series to their slots, while the log is read: several references may lead to one slot. Open addressing in typed arrays. */
export class RefTable {
  /** 0 is free. */
  #refs = new Float64Array(CAPACITY_MIN);
  #slots = new Uint32Array(CAPACITY_MIN);
  #count = 0;

  /** The slot of `ref`, or -1. */
  get(ref: number): number {
    const at = this.#find(ref);
    return this.#refs[at] === ref ? this.#slots[at] : -1;
  }

  /** `ref` is above 0. */
  set(ref: number, slot: number): void {
    if (this.#count * 2 >= this.#refs.length) this.#grow();
    const at = this.#find(ref);
    if (this.#refs[at] === 0) this.#count++;
    this.#refs[at] = ref;
    this.#slots[at] = slot;
  }

  #find(ref: number): number {
    const refs = this.#refs;
    const mask = refs.length - 1;
    // References rise one by one: neighbours in the log are then neighbours here.
    let at = (ref % 0x1_0000_0000) & mask;
    while (refs[at] !== ref && refs[at] !== 0) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const refs = this.#refs;
    const slots = this.#slots;
    this.#refs = new Float64Array(refs.length * 2);
    this.#slots = new Uint32Array(refs.length * 2);
    for (let i = 0; i < refs.length; i++) {
      if (refs[i] === 0) continue;
      const at = this.#find(refs[i]);
      this.#refs[at] = refs[i];
      this.#slots[at] = slots[i];
    }
  }
}
