// A text as tokens of the model, by lines or paragraphs.

class Lexicon {
  // about: tokenizer, normalize, unit, separator, tokens and counts, as in the model file.
  constructor(about) {
    this.about = about;
    this.ids = new Map(about.tokens.map((token, k) => [token, k + SPECIAL]));
    this.longest = about.tokens.reduce((most, token) => Math.max(most, token.length), 1);
  }

  token(id) {
    return this.about.tokens[id - SPECIAL];
  }

  id(token) {
    return this.ids.get(token) ?? UNK;
  }

  // Return the units of a text, which were learned one by one: lines, or paragraphs between blank lines.
  units(text) {
    const lines = text.replace(/\r\n?/g, "\n");
    if (this.about.unit === "line") return lines.split("\n");
    return lines.replace(/^(\s*\n)+/, "").split(/\n(?:[^\S\n]*\n)+/);
  }

  // Return a text in the model's Unicode normalization form.
  normal(text) {
    const form = this.about.normalize;
    return form === "none" ? text : text.normalize(form.toUpperCase());
  }

  split(unit) {
    const lines = this.normal(unit)
      .split("\n")
      .map((line) => SPLITS[this.about.tokenizer](line, this));
    return lines.flatMap((tokens, k) => (k ? ["\n", ...tokens] : tokens));
  }

  // Return the unfinished word at the end of a prompt, with which the first token drawn has to begin; "" for none.
  begun(unit, tokens) {
    const last = tokens.at(-1);
    if (this.about.tokenizer === "char" || !last || !unit.endsWith(last) || unit.endsWith("  ")) return "";
    const others = this.about.tokens.filter((token) => token.startsWith(last) && token !== last);
    return others.length ? last : "";
  }
}

const SPLITS = {
  char: (line) => Array.from(line),
  space: (line) => line.split(/\s+/u).filter((token) => token),
  jieba: (line, lexicon) => splitWords(line, lexicon),
};

// Words: a single space belongs to what follows. Adjacent letters are a word; but Chinese is cut by the counts of
// the vocabulary's words, because a page cannot hold jieba's dictionary.
const WORD = new RegExp(
  [
    String.raw`(?:(?<! ) (?! ))?(?:`,
    String.raw`(?<han>\p{Script=Han}+)|`,
    String.raw`[a-zA-Z0-9]+(?![\p{L}\p{M}])(?:\.[0-9]+)?|`,
    String.raw`[\p{L}\p{M}\p{N}]+?(?=\p{Script=Han}|[^\p{L}\p{M}\p{N}]|$)|`,
    String.raw`[^ ])| `,
  ].join(""),
  "gu",
);

function splitWords(line, lexicon) {
  return Array.from(line.matchAll(WORD)).flatMap((found) => {
    if (!found.groups.han) return [found[0]];
    const space = found[0].slice(0, found[0].length - found.groups.han.length);
    const [first, ...rest] = likeliestWords(found.groups.han, lexicon);
    return [space + first, ...rest];
  });
}

// Return the words into which a run of Chinese characters is cut: those with the largest product of frequencies.
function likeliestWords(run, lexicon) {
  const characters = Array.from(run);
  const total = lexicon.about.counts.reduce((a, b) => a + b, 1);
  const best = [{ log: 0, from: 0 }];
  for (let end = 1; end <= characters.length; end++) {
    best[end] = { log: -Infinity, from: end - 1 };
    for (let from = Math.max(0, end - lexicon.longest); from < end; from++) {
      const id = lexicon.id(characters.slice(from, end).join(""));
      if (id === UNK && end - from > 1) continue;
      const count = id === UNK ? 0.5 : lexicon.about.counts[id - SPECIAL] + 1;
      const log = best[from].log + Math.log(count / total);
      if (log > best[end].log) best[end] = { log, from };
    }
  }
  const words = [];
  for (let end = characters.length; end > 0; end = best[end].from)
    words.unshift(characters.slice(best[end].from, end).join(""));
  return words;
}
