/** Random numbers as a function of (seed, index). They are other ones than those of torch. */

/** A function that returns the next number in [0, 1): the generator sfc32 with a mixed seed. */
export function uniform(seed, index) {
  let state = (Math.imul(seed, 0x9e3779b9) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  const mixed = () => {
    state = (state + 0x6d2b79f5) | 0; // mulberry32
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) | 0;
  };
  let [a, b, c, d] = [mixed(), mixed(), mixed(), 1];
  return () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
}

/** n normal numbers (Box and Muller 1958). */
export function normal(n, next) {
  const result = new Float32Array(n);
  for (let i = 0; i < n; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    result[i] = radius * Math.cos(angle);
    if (i + 1 < n) result[i + 1] = radius * Math.sin(angle);
  }
  return result;
}
