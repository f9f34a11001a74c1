// What the worker answers with a language model: a text read, a text written, one step with all its numbers.

const TOP = 10; // successors that are shown
const LONGEST = 4000; // tokens of a text that are read, at most

// Return the k likeliest ids, with the logarithms of their probabilities.
function likeliest(log, k = TOP) {
  const best = [];
  for (let id = 0; id < log.length; id++) {
    if (best.length === k && log[id] <= best[k - 1][1]) continue;
    let place = best.length;
    while (place > 0 && best[place - 1][1] < log[id]) place--;
    best.splice(place, 0, [id, log[id]]);
    best.length = Math.min(best.length, k);
  }
  return best;
}

// Return the steps of a text, one for each input x_t: START, the tokens and END of each unit, each with what follows.
function stepsOf(text) {
  const { lexicon, about } = model;
  const units = lexicon.units(text).filter((unit) => about.carries || unit.trim());
  return units.flatMap((unit) => {
    const tokens = lexicon.split(unit);
    const ids = [START, ...tokens.map((token) => lexicon.id(token)), END];
    return ids.map((id, k) => ({
      id,
      token: id === START || id === END ? "" : tokens[k - 1],
      y: ids[k + 1],
    }));
  });
}

// Return the language model that reads and writes; in a model of texts from labels, that of the label.
const networkOf = (label) => (model.network instanceof Conditional ? model.network.of(label) : model.network);

// Return the state of the layers before x is read: a line begins with s_0, or with the state after the line before.
const begin = (network, x, layers) => (x === START && !model.about.carries ? network.first() : layers);

const OF_LANGUAGE = {
  // Read a text: for each token its cost E, the likeliest successors, and the states of all layers after it.
  async read({ text, label }, more) {
    const network = networkOf(label);
    const steps = stepsOf(text);
    let [layers, log, read] = [network.first(), null, []];
    for (const { id, token } of steps.slice(0, LONGEST)) {
      const E = id === START ? null : -log[id];
      let [next, s] = [[], null];
      if (id !== END) {
        layers = network.advance(id, begin(network, id, layers));
        log = network.log(layers);
        next = likeliest(log);
        s = Float32Array.from(layers.flatMap((values) => Array.from(values.s)));
      }
      read.push({ id, token, E, next, s });
      if (await more({ read })) read = [];
    }
    return { read, isCut: steps.length > LONGEST };
  },

  // Write a text after the prompt: the ids given, then drawn ones, until there are `length` tokens or `lines` lines.
  async write({ prompt, label, given, length, lines, ...how }, more) {
    const network = networkOf(label);
    const { lexicon, about } = model;
    const units = lexicon.units(prompt);
    const tokens = units.map((unit) => lexicon.split(unit));
    const begun = lexicon.begun(lexicon.normal(units.at(-1)), tokens.at(-1));
    if (begun) tokens.at(-1).pop();
    const ids = tokens.flatMap((unit) => [START, ...unit.map((token) => lexicon.id(token))]);
    const unknown = tokens.flat().filter((token) => lexicon.id(token) === UNK);
    const read = (layers, x) => network.advance(x, begin(network, x, layers));
    const opens = begun ? (id) => lexicon.token(id)?.startsWith(begun) : null;
    const first = ids.reduce(read, network.first());
    let [layers, may, written, ended] = [first, opens, [], 0];
    for (let k = 0; k < length && ended < lines; k++) {
      const log = network.log(layers);
      const id = k < given.length ? given[k] : draw(log, uniform(how.seed, k), how, may);
      if (id < 0) break;
      written.push({ id, token: id === END ? "\n" : lexicon.token(id), E: -log[id], others: likeliest(log) });
      may = null;
      if (id !== END) layers = network.advance(id, layers);
      else if (about.carries) layers = network.advance(START, layers);
      else [layers, may] = [first, opens];
      ended += id === END;
      if (await more({ written, begun, unknown })) written = [];
    }
    return { written, begun, unknown };
  },

  // Return all that the network computes at one step of a text.
  async trace({ text, label, place }) {
    const network = networkOf(label);
    const steps = stepsOf(text).slice(0, place + 1);
    let [layers, before] = [network.first(), null];
    for (const { id } of steps) {
      before = begin(network, id, layers);
      layers = network.advance(id, before);
    }
    const { id: x, y } = steps.at(-1);
    const log = network.log(layers);
    return { x, y, l: network.l, before, layers, next: likeliest(log), E: -log[y] };
  },
};
