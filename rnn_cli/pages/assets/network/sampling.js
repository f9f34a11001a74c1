// From probabilities to a token. rnn_cli/pages/drawing.py has the same formulas, and draws the same tokens.

const [START, END, UNK, SPECIAL] = [0, 1, 2, 3];
const COLDEST = 1e-6;

// Return the k-th of a seed's numbers in [0, 1): SplitMix (Steele, Lea and Flood 2014) with 32 bits. It needs none
// of the numbers before, so a text can go on from another choice without a history.
function uniform(seed, k) {
  let h = (seed + Math.imul(k + 1, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

// Return the id drawn: the first at which the sum of the probabilities up to it exceeds u.
// START, UNK and ids that `may` forbids are never drawn; -1 if no id is allowed.
function draw(log, u, { temperature, topK, topP }, may = null) {
  const z = Float64Array.from(log);
  z[START] = z[UNK] = -Infinity;
  if (may) for (let k = 0; k < z.length; k++) if (!may(k)) z[k] = -Infinity;
  const most = largest(z);
  if (most === -Infinity) return -1;
  if (temperature === 0) return z.indexOf(most);
  const weight = truncated(exponentials(z, most, Math.max(temperature, COLDEST)), topK, topP);
  const end = u * sum(weight);
  let [reached, latest] = [0, -1];
  for (let k = 0; k < weight.length; k++) {
    reached += weight[k];
    if (weight[k] > 0) latest = k;
    if (reached > end) return k;
  }
  return latest;
}

// Return the weights with 0 for the ids that top-k (0: all) and top-p leave out. Top-k keeps the k likeliest; of
// these, top-p keeps the fewest likeliest that hold the share p of their sum. Of equal ones the first are kept.
function truncated(weight, topK, topP) {
  if (!topK && topP >= 1) return weight;
  const sorted = Float64Array.from(weight).sort().reverse();
  let count = Math.min(topK || sorted.length, sorted.length);
  if (topP < 1) {
    const enough = topP * sum(sorted.subarray(0, count));
    let [held, most] = [sorted[0], count];
    for (count = 1; count < most && held < enough; count++) held += sorted[count];
  }
  const least = sorted[count - 1];
  let equal = count - sorted.indexOf(least);
  const left = Float64Array.from(weight);
  for (let k = 0; k < left.length; k++)
    if (left[k] < least || (left[k] === least && equal-- <= 0)) left[k] = 0;
  return left;
}
