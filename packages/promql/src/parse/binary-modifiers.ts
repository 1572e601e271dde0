import type {VectorMatching} from './ast.ts';
import type {Draft} from './draft.ts';
import {parseGroupingLabels} from './grouping.ts';
import {EXPRESSION_STARTS, type TokenType} from './token.ts';
import type {TokenStream} from './token-stream.ts';

/** What stands between a binary operator and its right side. */
export interface BinaryModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

const FILLS: ReadonlySet<TokenType> = new Set<TokenType>(['fill', 'fill_left', 'fill_right']);

/** `bool on (job) group_left (team) fill (0)`, all of it optional. Whether it suits the operator is checked later. */
export function parseBinaryModifiers(tokens: TokenStream): BinaryModifiers {
  const returnBool = tokens.accept('bool');
  const matching: Draft<VectorMatching> = {
    cardinality: 'one-to-one',
    labels: [],
    on: false,
    include: [],
    fillLhs: undefined,
    fillRhs: undefined,
  };
  const type = tokens.peek();
  if (type === 'on' || type === 'ignoring') {
    matching.on = tokens.take().type === 'on';
    matching.labels = parseGroupingLabels(tokens);
    parseGroupModifier(tokens, matching);
  }
  parseFillModifiers(tokens, matching);
  return {returnBool, matching};
}

function parseGroupModifier(tokens: TokenStream, matching: Draft<VectorMatching>): void {
  const type = tokens.peek();
  if (type !== 'group_left' && type !== 'group_right') return;
  tokens.take();
  matching.cardinality = type === 'group_left' ? 'many-to-one' : 'one-to-many';
  // The labels may be left out before whatever can follow; anything else is taken for a broken list of them.
  const follows = tokens.peek();
  const isLeftOut = follows !== '(' && (EXPRESSION_STARTS.has(follows) || FILLS.has(follows));
  if (!isLeftOut) matching.include = parseGroupingLabels(tokens);
}

/** `fill (x)` for both sides, or one side after the other. */
function parseFillModifiers(tokens: TokenStream, matching: Draft<VectorMatching>): void {
  if (tokens.accept('fill')) {
    matching.fillLhs = matching.fillRhs = parseFillValue(tokens);
    return;
  }
  const first = tokens.peek();
  if (first !== 'fill_left' && first !== 'fill_right') return;
  parseFillSide(tokens, matching);
  if (tokens.peek() === (first === 'fill_left' ? 'fill_right' : 'fill_left')) parseFillSide(tokens, matching);
}

function parseFillSide(tokens: TokenStream, matching: Draft<VectorMatching>): void {
  const side = tokens.take().type === 'fill_left' ? 'fillLhs' : 'fillRhs';
  matching[side] = parseFillValue(tokens);
}

function parseFillValue(tokens: TokenStream): number {
  tokens.expect('(');
  const value = tokens.expectSignedNumber();
  tokens.expect(')');
  return value;
}
