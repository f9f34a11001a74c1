// The output layers: the logarithm of each token's probability, from the last layer's state s.

const affine = (V, b, s) => plus(times(V, s), b.values);

const OUTPUTS = {
  softmax: {
    log(p, s) {
      return logSoftmax(affine(p.V, p.b_y, s)); //                o_t = softmax(V s_t + b_y)
    },
  },

  classes: {
    log(p, s, { cutoffs }) {
      const z = times(p.V, s); //                                 V_0, V_1 … are rows of V
      const head = joined([z.subarray(0, cutoffs[0]), times(p.V_c, s)]); // head_t = softmax((V_0, V_c) s_t + b_y)
      const within = cutoffs.map((first, k) => {
        const b_j = p[`b_y${k + 1}`].values;
        return plus(z.subarray(first, first + b_j.length), b_j); //   V_j s_t + b_j
      });
      return ofClusters(plus(head, p.b_y.values), within, cutoffs);
    },
  },

  adaptive: {
    log(p, s, { cutoffs }) {
      const head = affine(p.V, p.b_y, s); //                      head_t = softmax(V s_t + b_y)
      const within = cutoffs.map((_, k) => {
        const [V_j, b_j, P_j] = ["V", "b_y", "P"].map((name) => p[name + (k + 1)]);
        return affine(V_j, b_j, times(P_j, s)); //                V_j P_j s_t + b_j
      });
      return ofClusters(head, within, cutoffs);
    },
  },
};

// Return log o_t from the logits of the head and of each cluster. Tokens below the first cutoff are in the head,
// which has one more entry for each cluster of rarer tokens.
function ofClusters(head, within, cutoffs) {
  const log_head = logSoftmax(head);
  const log = new Float64Array(cutoffs.at(-1) + within.at(-1).length);
  log.set(log_head.subarray(0, cutoffs[0]));
  within.forEach((z, k) => {
    const log_within = logSoftmax(z);
    log_within.forEach((log_y, y) => (log[cutoffs[k] + y] = log_head[cutoffs[0] + k] + log_y)); // y in cluster k + 1
  });
  return log;
}
