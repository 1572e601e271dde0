import type {Block} from '../block/block.ts';

/** Names and values of labels by number, as the head has them. */
export interface HeadSymbols {
  text(symbol: number): string;
  /** -1 when the head does not have it. */
  find(text: string): number;
}

/** Symbols from here on are the querier's own. */
const OWN = 2 ** 30;
/** What stands in a block's table for a symbol that was not looked at. */
const UNSEEN = 0xffffffff;
/** Blocks with more symbols keep no table of them. */
const TABLE_SYMBOLS_MAX = 8 << 20;

/**
 * One set of symbols for head and blocks: equal text is equal symbol, from one `clear` to the next. What the head knows has its number there,
 * everything else one of its own.
 */
export class QuerierSymbols {
  readonly #head: HeadSymbols;
  readonly #own = new Map<string, number>();
  readonly #texts: string[] = [];
  #ofBlocks = new Map<Block, (symbol: number) => number>();

  constructor(head: HeadSymbols) {
    this.#head = head;
  }

  text(symbol: number): string {
    return symbol < OWN ? this.#head.text(symbol) : this.#texts[symbol - OWN];
  }

  /** -1 when no series has it, as far as anybody looked. */
  find(text: string): number {
    const symbol = this.#head.find(text);
    return symbol >= 0 ? symbol : (this.#own.get(text) ?? -1);
  }

  /** Forget everything: another query begins. */
  clear(): void {
    this.#own.clear();
    this.#texts.length = 0;
    this.#ofBlocks = new Map();
  }

  /** What gives the symbol for one of `block`. */
  of(block: Block): (symbol: number) => number {
    const known = this.#ofBlocks.get(block);
    if (known !== undefined) return known;
    const symbolOf = this.#translation(block);
    this.#ofBlocks.set(block, symbolOf);
    return symbolOf;
  }

  #translation({index}: Block): (symbol: number) => number {
    const {symbols, version} = index;
    const intern = (symbol: number) => this.#intern(symbols.text(symbol));
    // Those of the first version are offsets in the file.
    if (version === 1 || symbols.count > TABLE_SYMBOLS_MAX) return intern;
    const table = new Uint32Array(symbols.count).fill(UNSEEN);
    return (symbol) => {
      if (table[symbol] === UNSEEN || symbol >= table.length) table[symbol] = intern(symbol);
      return table[symbol];
    };
  }

  #intern(text: string): number {
    const known = this.find(text);
    if (known >= 0) return known;
    const symbol = OWN + this.#texts.length;
    this.#own.set(text, symbol);
    this.#texts.push(text);
    return symbol;
  }
}
