// The parameters as the page holds them: compressed bytes in base 85. For each array, the first bytes of all numbers
// come first, then the second bytes, and so on.

async function unpack({ arrays, digits, size, data }) {
  const compressed = bytesOf(data, digits).subarray(0, size);
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer());
  let at = 0;
  const p = {};
  for (const [name, shape, step] of arrays) {
    const count = shape.reduce((a, b) => a * b, 1);
    const planes = all.subarray(at, (at += count * (step ? 3 : 4)));
    p[name] = { shape, values: step ? wholes(planes, step) : floats(planes) };
  }
  return p;
}

// Return the bytes of a text in base 85: five digits make a number of four bytes.
function bytesOf(text, digits) {
  const value = new Uint8Array(128);
  Array.from(digits, (digit, k) => (value[digit.charCodeAt(0)] = k));
  const view = new DataView(new ArrayBuffer((text.length / 5) * 4));
  for (let k = 0; 5 * k < text.length; k++) {
    let number = 0;
    for (let i = 0; i < 5; i++) number = 85 * number + value[text.charCodeAt(5 * k + i)];
    view.setUint32(4 * k, number);
  }
  return new Uint8Array(view.buffer);
}

// Return whole numbers of three bytes times a step. The last bit is the sign: 0, 1, 2, 3 mean 0, -1, 1, -2.
function wholes(planes, step) {
  const size = planes.length / 3;
  const values = new Float32Array(size);
  for (let k = 0; k < size; k++) {
    const number = (planes[k] << 16) | (planes[size + k] << 8) | planes[2 * size + k];
    values[k] = step * ((number >> 1) ^ -(number & 1));
  }
  return values;
}

// Return float32 numbers.
function floats(planes) {
  const size = planes.length / 4;
  const bits = new Uint32Array(size);
  for (let k = 0; k < size; k++)
    for (let place = 0; place < 4; place++) bits[k] = (bits[k] << 8) | planes[place * size + k];
  return new Float32Array(bits.buffer);
}
