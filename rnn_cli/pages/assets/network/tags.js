// A network of tags: a tag for each token of a text.
//
//     q_t = 1/N_t Σ_i G x_i        h_1 … h_L = encoder(x, q)        o_t = softmax(V h_t + b_y)

class Tagger {
  // about: the settings of the encoder, as in the model file.
  constructor(about, p) {
    this.about = about;
    this.p = p;
    this.encoder = new Encoder(about, p);
  }

  // Return log o_t of each step. buckets: those of each token's affixes, or null.
  log(ids, buckets) {
    const q = buckets && buckets.map((some) => sumOf(this.p.G, some, 1 / some.length));
    return this.encoder.encode(ids, q).map((h_t) => logSoftmax(affine(this.p.V, this.p.b_y, h_t)));
  }
}

const BREACH = 1e9; // nats that an illegal step costs: more than any tags

// Return the legal sequence of tags with the highest probability (Viterbi 1967):
// best_t[j] = log o_t[j] + max_i best_{t-1}[i] over the tags i that j may follow.
function viterbi(log, { first, following, last }) {
  const cost = (isAllowed) => (isAllowed ? 0 : -BREACH);
  let best = log[0].map((log_j, j) => log_j + cost(first[j]));
  const cameFrom = log.slice(1).map((log_t) => {
    const ways = Array.from(log_t, (_, j) => best.map((best_i, i) => best_i + cost(following[i][j])));
    const from = ways.map((way) => way.indexOf(largest(way)));
    best = log_t.map((log_j, j) => ways[j][from[j]] + log_j);
    return from;
  });
  const end = best.map((best_j, j) => best_j + cost(last[j]));
  const tags = [end.indexOf(largest(end))];
  for (const from of cameFrom.reverse()) tags.unshift(from[tags[0]]);
  return tags;
}
