// The output layers: the logarithm of each token's probability, from the last layer's state s.

const affine = (V, b, s) => plus(times(V, s), b.values);

const OUTPUTS = {
  softmax: {
    log(p, s) {
      return logSoftmax(affine(p.V, p.b_y, s)); //                o_t = softmax(V s_t + b_y)
    },
  },

  // Tokens below the first cutoff are in the head, which has one more entry for each cluster of rarer ones.
  adaptive: {
    log(p, s, { m, cutoffs }) {
      const log = new Float64Array(m);
      const head = logSoftmax(affine(p.V, p.b_y, s)); //          head_t = softmax(V s_t + b_y)
      log.set(head.subarray(0, cutoffs[0]));
      cutoffs.forEach((first, k) => {
        const j = k + 1;
        const within = logSoftmax(affine(p[`V${j}`], p[`b_y${j}`], times(p[`P${j}`], s)));
        within.forEach((log_y, y) => (log[first + y] = head[cutoffs[0] + k] + log_y)); // o_t[y], y in cluster j
      });
      return log;
    },
  },
};
