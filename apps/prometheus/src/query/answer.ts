import {MemoryLimitError} from '@narthex/kernels/kernel-memory.ts';

/** An answer of a query thread that is whole: nothing of it can go wrong any more. */
export interface ReadyAnswer {
  readonly status: number;
  /** Each piece may be transferred. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  readonly bytes: number;
}

const encoder = new TextEncoder();
/** Text is turned into bytes in pieces of about this many characters. */
const TEXT_PIECE = 64 * 1024;

/**
 * Collects the bytes of an answer until the whole of it is known to be right: only then the status can be sent. Throws MemoryLimitError
 * when there are more of them than the budget allows.
 */
export class AnswerWriter {
  readonly #budgetBytes: number;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #text = '';
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  text(text: string): void {
    this.#text += text;
    if (this.#text.length >= TEXT_PIECE) this.#flush();
  }

  /** Takes `piece` over. */
  piece(piece: Uint8Array<ArrayBuffer>): void {
    this.#flush();
    this.#push(piece);
  }

  finish(status: number): ReadyAnswer {
    this.#flush();
    return {status, pieces: this.#pieces, bytes: this.#bytes};
  }

  #flush(): void {
    if (this.#text === '') return;
    this.#push(encoder.encode(this.#text));
    this.#text = '';
  }

  #push(piece: Uint8Array<ArrayBuffer>): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#budgetBytes) throw new MemoryLimitError(this.#budgetBytes);
    this.#pieces.push(piece);
  }
}
