// How a token enters the first layer: a_t = U h_t + b_a, where h_t is the vector of the token x_t.

const INPUTS = {
  one_hot: {
    vector: () => null, //                                        x_t is one-hot, so that U x_t is a column of U
    enter: (p, x) => plus(column(p.U, x), p.b_a.values),
  },
  embedding: {
    vector: (p, x) => column(p.C, x), //                          h_t = C x_t
    enter: (p, x, h) => plus(times(p.U, h), p.b_a.values),
  },
  tied: {
    vector: (p, x) => row(p.V, x), //                             h_t = V^T x_t
    enter: (p, x, h) => plus(times(p.U, h), p.b_a.values),
  },
};
