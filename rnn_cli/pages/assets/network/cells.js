// The cells. Each takes a_t = U x_t + b_a, W s_{t-1} and the state before, and returns all that it computes, named
// by the letters of the tutorial; `state` lists those that the next step begins with. The rows of U, W and b_a
// are in blocks, one for each gate, in the order of their letters.

const simple = (g1) => ({
  state: ["s"],
  step(a, Ws, before) {
    const s = vector(a.length, (k) => g1(a[k] + Ws[k])); //       s_t = g1(U x_t + W s_{t-1} + b_a)
    return { s };
  },
});

const CELLS = {
  tanh: simple(Math.tanh),
  relu: simple((z) => Math.max(z, 0)),

  gru: {
    state: ["s"],
    step(a, Ws, before) {
      const [[a_r, a_u, a_g], [z_r, z_u, h], n] = [parts(a, 3), parts(Ws, 3), a.length / 3];
      const r = vector(n, (k) => σ(a_r[k] + z_r[k])); //            r_t = σ(U_r x_t + W_r s_{t-1} + b_r)
      const u = vector(n, (k) => σ(a_u[k] + z_u[k])); //            u_t = σ(U_u x_t + W_u s_{t-1} + b_u)
      const g = vector(n, (k) => Math.tanh(a_g[k] + r[k] * h[k])); // g_t = tanh(U_g x_t + r_t W_g s_{t-1} + b_g)
      const s = vector(n, (k) => u[k] * before.s[k] + (1 - u[k]) * g[k]); // s_t = u_t s_{t-1} + (1 - u_t) g_t
      return { r, u, g, s };
    },
  },

  lstm: {
    state: ["s", "c"],
    step(a, Ws, before) {
      const [[a_o, a_i, a_f, a_g], n] = [parts(plus(a, Ws), 4), a.length / 4];
      const o = vector(n, (k) => σ(a_o[k])); //                     o_t = σ(U_o x_t + W_o s_{t-1} + b_o)
      const i = vector(n, (k) => σ(a_i[k])); //                     i_t = σ(U_i x_t + W_i s_{t-1} + b_i)
      const f = vector(n, (k) => σ(a_f[k])); //                     f_t = σ(U_f x_t + W_f s_{t-1} + b_f)
      const g = vector(n, (k) => Math.tanh(a_g[k])); //             g_t = tanh(U_g x_t + W_g s_{t-1} + b_g)
      const c = vector(n, (k) => f[k] * before.c[k] + i[k] * g[k]); // c_t = f_t c_{t-1} + i_t g_t
      const s = vector(n, (k) => o[k] * Math.tanh(c[k])); //        s_t = o_t tanh(c_t)
      return { o, i, f, g, c, s };
    },
  },
};
