// The parameters as the page holds them: bytes in base64, compressed. Of each array come the first bytes of all
// numbers, then the second ones, and so on.

async function unpack({ arrays, data }) {
  const compressed = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer());
  let at = 0;
  const p = {};
  for (const [name, shape, bytes] of arrays) {
    const size = bytes * shape.reduce((a, b) => a * b, 1);
    p[name] = { shape, values: FORMS[bytes](all.subarray(at, (at += size))) };
  }
  return p;
}

// Return the number of a float16: a sign, five bits of exponent e, ten of fraction f.
function half(bits) {
  const [sign, e, f] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (e ? 2 ** (e - 15) * (1 + f / 1024) : 2 ** -14 * (f / 1024));
}

const HALVES = Float32Array.from({ length: 1 << 16 }, (_, bits) => half(bits));

const FORMS = {
  2(planes) {
    const size = planes.length / 2;
    return new Float32Array(size).map((_, k) => HALVES[(planes[k] << 8) | planes[size + k]]);
  },
  4(planes) {
    const size = planes.length / 4;
    const byte = (place, k) => planes[place * size + k];
    const bits = new Uint32Array(size).map(
      (_, k) => (byte(0, k) << 24) | (byte(1, k) << 16) | (byte(2, k) << 8) | byte(3, k),
    );
    return new Float32Array(bits.buffer);
  },
};
