// Random choices that are the same in every run with the same seed.

export class Random {
  constructor(seed) {
    this.state = seed >>> 0 || 1;
  }

  /** The next 32 bits: Marsaglia's xorshift, spread by a multiplication. */
  bits() {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return Math.imul(this.state, 0x9e3779b1) >>> 0;
  }

  /** From 0 up to `end`, which is not among them. */
  below(end) {
    return Math.floor((this.bits() / 2 ** 32) * end);
  }

  chance(probability) {
    return this.bits() / 2 ** 32 < probability;
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  /** As many results of `make` as chance wants, from `least` to `most`. */
  some(least, most, make) {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }
}
