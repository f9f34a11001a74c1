// What the worker answers with a model of labels or of pairs.

const [READ, GRAMS] = [400, 4000]; // the first tokens and n-grams of a text, which are read
const EXPLAINED = 60; // tokens of a text that are left out, one at a time, at most
const MORE = 5; // tokens added to a source's length in the bound of its target's length

// Return the indices of numbers, from the largest number to the least.
const falling = (z) => Array.from(z.keys()).sort((a, b) => z[b] - z[a] || a - b);

const OF_SEQUENCES = {
  // Return the probabilities of labels, and what they would be without each of the tokens.
  async label({ text }, more) {
    const { network, lexicon, about } = model;
    const tokens = lexicon.split(text.replaceAll("\n", " "));
    const says = (some) => {
      const buckets = about.grams ? bucketsOf(some.join(about.lexicon.separator), about.grams) : [];
      return network.probabilities(
        some.slice(0, READ).map((token) => lexicon.id(token)),
        buckets.slice(0, GRAMS),
      );
    };
    const shown = tokens.slice(0, READ).map((token) => ({ id: lexicon.id(token), token, E: null }));
    const answer = { tokens: shown, o: Array.from(says(tokens)), without: [] };
    for (let k = 0; k < Math.min(shown.length, EXPLAINED); k++) {
      answer.without.push(Array.from(says(tokens.filter((_, other) => other !== k))));
      if (await more(answer)) answer.without = [];
    }
    return answer;
  },

  // Return the tokens of a text with their tags: the likeliest tag of each, or the likeliest legal sequence.
  async tag({ text }) {
    const { network, lexicon, about } = model;
    const pieces = lexicon.split(text.replaceAll("\n", " "));
    const tokens = (about.readsCharacters ? pieces.flatMap((piece) => Array.from(piece)) : pieces).slice(
      0,
      READ,
    );
    if (!tokens.length) return { tagged: [] };
    const ids = tokens.map((token) => lexicon.id(token));
    const log = network.log(ids, about.affixes && affixesOf(tokens, about.affixes));
    const tags = about.legal ? viterbi(log, about.legal) : log.map((log_t) => log_t.indexOf(largest(log_t)));
    const tagged = tags.map((tag, t) => ({
      id: ids[t],
      token: tokens[t],
      tag,
      E: -log[t][tag],
      log: likeliest(log[t]),
    }));
    return { tagged };
  },

  // Write the target of a text: the ids that are given, then the likeliest token at each step, with the decoder's
  // attention. An unknown token is replaced by the unknown token of the source with the most attention.
  async translate({ text, given }, more) {
    const { network, lexicon, target, about } = model;
    const source = text.trim() ? lexicon.split(text.replaceAll("\n", " ")).slice(0, READ) : [];
    const ids = source.map((token) => lexicon.id(token));
    if (!ids.length) return { source, written: [] };
    let { memory, layers } = network.begin(ids);
    let [x, written] = [START, []];
    const longest = Math.min(READ + 1, Math.max(1, Math.ceil(about.growth * (ids.length + MORE))));
    for (let t = 0; t < longest && x !== END; t++) {
      const step = network.step(x, layers, memory);
      const α = Array.from(step.α);
      const may = step.log.map((log, id) =>
        id === START || (id === UNK && !ids.includes(UNK)) ? -Infinity : log,
      );
      x = t < given.length ? given[t] : may.indexOf(largest(may));
      layers = step.layers;
      const copied = () => source[falling(α).find((i) => ids[i] === UNK)]?.trim() ?? "";
      const token = x === END ? "\n" : x === UNK ? copied() : target.token(x);
      written.push({ id: x, token, E: -step.log[x], others: likeliest(step.log), α });
      if (await more({ source, written })) written = [];
    }
    return { source, written };
  },
};
