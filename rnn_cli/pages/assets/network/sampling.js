// From probabilities to a token. rnn_cli/pages/drawing.py has the same formulas, and draws the same tokens.

const [START, END, UNK, SPECIAL] = [0, 1, 2, 3];
const COLDEST = 1e-6;

// Return the k-th of a seed's numbers in [0, 1): SplitMix (Steele, Lea and Flood 2014) with 32 bits. Any number
// can be had without those before it, so that a text that goes on from another choice needs no history.
function uniform(seed, k) {
  let h = (seed + Math.imul(k + 1, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

// Return the ids from the likeliest to the least likely.
const falling = (z) => Array.from(z.keys()).sort((a, b) => z[b] - z[a] || a - b);

// Return the id drawn: the first whose probability and those of all ids before it exceed u together.
// Only ids that `may` allows are drawn, and never START and UNK; -1 where nothing may be.
function draw(log, u, { temperature, topK, topP }, may = () => true) {
  const z = vector(log.length, (k) => (k === START || k === UNK || !may(k) ? -Infinity : log[k]));
  const most = largest(z);
  if (most === -Infinity) return -1;
  if (temperature === 0) return z.indexOf(most);
  const weight = vector(z.length, (k) => Math.exp((z[k] - most) / Math.max(temperature, COLDEST)));
  for (const k of dropped(weight, topK, topP)) weight[k] = 0;
  const end = u * sum(weight);
  let [reached, latest] = [0, -1];
  for (let k = 0; k < weight.length; k++) {
    reached += weight[k];
    if (weight[k] > 0) latest = k;
    if (reached > end) return k;
  }
  return latest;
}

// Return the ids that top-k (0: all) and top-p leave out: those beyond the k likeliest, then those beyond the
// fewest likeliest that hold the share p of what is left.
function dropped(weight, topK, topP) {
  if (!topK && topP >= 1) return [];
  const order = falling(weight);
  const kept = order.slice(0, topK || order.length);
  const total = sum(kept.map((k) => weight[k]));
  let before = 0;
  const end = kept.findIndex((k, place) => {
    const isBeyond = place > 0 && before >= topP * total;
    before += weight[k];
    return isBeyond;
  });
  return topP < 1 && end > 0 ? order.slice(end) : order.slice(kept.length);
}
