/**
 * Search queries as unigrams and bigrams (paper §3.3). Only properties of code points are used, no dictionary: word
 * segmentation by ICU would make tokens, and so states, depend on the ICU version of the running Node.
 */
import { LIMITS } from './limits';

/** Runs of letters, marks and digits. */
const WORDS = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu;
/** An apostrophe inside a word belongs to it: "don't" is one word. */
const INNER_APOSTROPHE = /(?<=\p{L})['\u2019](?=\p{L})/gu;
/** Scripts written without spaces: each letter with its marks is a word, bigrams then carry the words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const UNSPACED_PARTS =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]\p{M}*|[^\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]+/gu;

/**
 * Distinct tokens of a query: its words in lower case after NFKC normalisation, then each two neighbours joined by a
 * space, in order of appearance. At most `2 × LIMITS.wordsPerQuery − 1` tokens; empty when the query has no letter
 * and no digit. tokenize("New York pizza") = ["new", "york", "pizza", "new york", "york pizza"].
 */
export function tokenize(query: string): string[] {
  const words = wordsOf(query);
  const tokens = new Set(words);
  for (let i = 1; i < words.length; i++) tokens.add(`${words[i - 1]} ${words[i]}`);
  return [...tokens];
}

function wordsOf(query: string): string[] {
  // Lower-casing can undo a normal form (U+0130 gives i and a combining dot), so it comes first.
  const text = query.toLowerCase().normalize('NFKC').toLowerCase().replace(INNER_APOSTROPHE, '');
  const words: string[] = [];
  for (const run of text.match(WORDS) ?? []) {
    for (const word of UNSPACED.test(run) ? (run.match(UNSPACED_PARTS) ?? []) : [run]) {
      if (words.length === LIMITS.wordsPerQuery) return words;
      words.push(cut(word));
    }
  }
  return words;
}

/** Cut by code points: half a surrogate pair would not survive encoding. */
function cut(word: string): string {
  if (word.length <= LIMITS.wordCharacters) return word;
  let kept = '';
  for (const character of word) {
    if (kept.length + character.length > LIMITS.wordCharacters) break;
    kept += character;
  }
  return kept;
}
