import type {ArenaReader} from '../arena/reader.ts';
import {LabelSetReader} from './label-sets.ts';
import {PostingsReader} from './postings.ts';
import {SymbolReader} from './symbols.ts';

/** The index as a reader's thread sees it. Everything in it is to be used inside an epoch, after `refresh`. */
export class IndexReader {
  readonly arena: ArenaReader;
  readonly symbols: SymbolReader;
  readonly labelSets: LabelSetReader;
  readonly postings: PostingsReader;

  constructor(arena: ArenaReader) {
    this.arena = arena;
    this.symbols = new SymbolReader(arena);
    this.labelSets = new LabelSetReader(arena);
    this.postings = new PostingsReader(arena, this.symbols);
  }

  /** Call after entering an epoch: forgets texts of symbols that are gone. */
  refresh(): void {
    this.symbols.refresh();
  }
}
