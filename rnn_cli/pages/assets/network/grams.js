// Hashed features of a text (rnn_cli/text/features.py has the formulas): each has a bucket, an id below `buckets`.

const BITS = (1n << 64n) - 1n;
const [P, A, B] = [0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn];
const GRAM_LONGEST = 64;
const [OF_WORDS, OF_CHARACTERS, OF_PREFIXES, OF_SUFFIXES, OF_SHAPES, OF_BEFORE, OF_AFTER] = [
  0, 1, 2, 3, 4, 5, 6,
];

// Return the bucket of a hash; it depends on the kind and the length, too.
function bucket(hash, kind, length, buckets) {
  let h = (hash + BigInt(kind * (GRAM_LONGEST + 1) + length + 1) * A) & BITS;
  h = ((h ^ (h >> 30n)) * A) & BITS;
  h = ((h ^ (h >> 27n)) * B) & BITS;
  return Number((((h ^ (h >> 31n)) >> 32n) * BigInt(buckets)) >> 32n);
}

// Return the hash H of the characters from a to b: Σ_i (c_i + 1) P^(k-i).
function hash(codes, a, b) {
  let H = 0n;
  for (let i = a; i < b; i++) H = (H * P + codes[i] + 1n) & BITS;
  return H;
}

const codesOf = (text) => Array.from(text, (c) => BigInt(c.codePointAt(0)));

// Return the buckets of a text: of n-grams of up to `words` words, and of `least` to `most` characters.
function bucketsOf(text, { words, least, most, buckets, lower }) {
  const bare = (lower ? text.toLowerCase() : text)
    .trim()
    .split(/\s+/u)
    .filter((word) => word)
    .join(" ");
  if (!bare) return [];
  const codes = codesOf(` ${bare} `);
  const edges = codes.flatMap((code, k) => (code === 32n ? [k] : []));
  const found = [];
  for (let n = 1; n <= words; n++)
    for (let k = 0; k + n < edges.length; k++)
      found.push(bucket(hash(codes, edges[k] + 1, edges[k + n]), OF_WORDS, n, buckets));
  for (let n = least; n <= most; n++)
    for (let a = 0; a + n <= codes.length; a++)
      if (n > 1 || codes[a] !== 32n) found.push(bucket(hash(codes, a, a + n), OF_CHARACTERS, n, buckets));
  return found;
}

// Return the buckets of each word: of its first and last characters, the whole word, its shape and, if `pairs`
// is set, the word together with the one before and with the one after.
function affixesOf(words, { most, buckets, pairs }) {
  const whole = words.map((word) => hash(codesOf(word), 0, Array.from(word).length));
  return words.map((word, t) => {
    const codes = codesOf(word.toLowerCase());
    const shape = codesOf(shapeOf(word));
    const found = [
      bucket(hash(codes, 0, codes.length), OF_WORDS, 1, buckets),
      bucket(hash(shape, 0, shape.length), OF_SHAPES, 1, buckets),
    ];
    for (let n = 1; n <= Math.min(most, codes.length); n++) {
      found.push(bucket(hash(codes, 0, n), OF_PREFIXES, n, buckets));
      found.push(bucket(hash(codes, codes.length - n, codes.length), OF_SUFFIXES, n, buckets));
    }
    if (pairs) {
      found.push(bucket(((whole[t - 1] ?? 0n) * A + whole[t]) & BITS, OF_BEFORE, 2, buckets));
      found.push(bucket((whole[t] * A + (whole[t + 1] ?? 0n)) & BITS, OF_AFTER, 2, buckets));
    }
    return found;
  });
}

// Return the shape of a word: that of Mc'Donald's3 is Aa'Aa'a0.
function shapeOf(word) {
  const drawn = Array.from(word, (c) =>
    /\p{Lu}/u.test(c) ? "A" : /\p{L}/u.test(c) ? "a" : /\p{N}/u.test(c) ? "0" : c,
  );
  return drawn.filter((c, k) => c !== drawn[k - 1]).join("");
}
