// Vectors, matrices, and functions of each number.
//
// A vector is an array of numbers. A matrix is {shape: [rows, columns], values}, its rows one after another.

const σ = (z) => 1 / (1 + Math.exp(-z));

// Return the vector of n numbers f(0), f(1), ...
function vector(n, f) {
  const v = new Float64Array(n);
  for (let k = 0; k < n; k++) v[k] = f(k);
  return v;
}

const plus = (v, w) => vector(v.length, (k) => v[k] + w[k]);

function dot(v, w) {
  let total = 0;
  for (let k = 0; k < v.length; k++) total += v[k] * w[k];
  return total;
}

// Return k consecutive parts of a vector, of equal length, as views.
function parts(v, k) {
  const n = v.length / k;
  return Array.from({ length: k }, (_, i) => v.subarray(i * n, (i + 1) * n));
}

// Return several vectors joined into one.
function joined(vectors) {
  const all = new Float64Array(vectors.reduce((sum, v) => sum + v.length, 0));
  let at = 0;
  for (const v of vectors) {
    all.set(v, at);
    at += v.length;
  }
  return all;
}

const row = (A, i) => A.values.subarray(i * A.shape[1], (i + 1) * A.shape[1]);
const column = (A, j) => vector(A.shape[0], (i) => A.values[i * A.shape[1] + j]);

// Return A v. It adds up four sums at a time, which do not wait for each other.
function times({ shape: [rows, n], values }, v) {
  const product = new Float64Array(rows);
  const whole = n - (n % 4);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let j = 0;
    for (; j < whole; j += 4, at += 4) {
      a += values[at] * v[j];
      b += values[at + 1] * v[j + 1];
      c += values[at + 2] * v[j + 2];
      d += values[at + 3] * v[j + 3];
    }
    for (; j < n; j++, at++) a += values[at] * v[j];
    product[i] = a + b + c + d;
  }
  return product;
}

// Plain loops: `reduce` over an array of numbers takes ten times as long, and `vector` of a large one twice.
function largest(z) {
  let most = -Infinity;
  for (let k = 0; k < z.length; k++) if (z[k] > most) most = z[k];
  return most;
}

function sum(v) {
  let total = 0;
  for (let k = 0; k < v.length; k++) total += v[k];
  return total;
}

// Return exp((z - most) / temperature).
function exponentials(z, most, temperature = 1) {
  const weight = new Float64Array(z.length);
  for (let k = 0; k < z.length; k++) weight[k] = Math.exp((z[k] - most) / temperature);
  return weight;
}

// Return log softmax(z). The largest z is subtracted first, so that no exponential overflows.
function logSoftmax(z) {
  const most = largest(z);
  const total = Math.log(sum(exponentials(z, most)));
  const log = new Float64Array(z.length);
  for (let k = 0; k < z.length; k++) log[k] = z[k] - most - total;
  return log;
}
