// Powers and logarithms to base 2 with the very digits that Go's math package gives on x64. JavaScript's engines round
// some of them differently in the last place, and results of queries are compared digit by digit.

const word = new Uint32Array(2);
const float = new Float64Array(word.buffer);

const LN2_HI = 6.9314718036912381649e-1;
const LN2_LO = 1.90821492927058770002e-10;

/** `fraction` · 2^`exponent`, rounded once, for fractions that are neither huge nor tiny: Go's `math.Ldexp`. */
export function ldexp(fraction: number, exponent: number): number {
  const power = Math.max(-2100, Math.min(2100, exponent));
  const half = power >> 1;
  // The first step is exact, so only the second one rounds.
  return fraction * 2 ** half * 2 ** (power - half);
}

/** The logarithm to base 2, exact for powers of two: Go's `math.Log2`. */
export function log2(x: number): number {
  if (!(x > 0) || x === Infinity) return Math.log(x);
  const exponent = splitOff(x);
  const fraction = float[0];
  if (fraction === 0.5) return exponent - 1;
  return logOfFraction(fraction) * Math.LOG2E + exponent;
}

/** Leaves f in `float` and returns e where x = f · 2^e with f in [0.5, 1), for positive finite x. */
function splitOff(x: number): number {
  float[0] = x;
  let bias = 1022;
  if (word[1] < 0x0010_0000) {
    float[0] = x * 2 ** 52;
    bias += 52;
  }
  const exponent = (word[1] >>> 20) - bias;
  word[1] = (word[1] & 0x000f_ffff) | (1022 << 20);
  return exponent;
}

/** The natural logarithm of a number in [0.5, 1), by the approximation that FreeBSD's `e_log.c` and Go share. */
function logOfFraction(x: number): number {
  const k = x < Math.SQRT1_2 ? -1 : 0;
  const f = (k === 0 ? x : x * 2) - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd =
    s2 *
    (6.66666666666673513e-1 +
      s4 * (2.857142874366239149e-1 + s4 * (1.818357216161805012e-1 + s4 * 1.479819860511658591e-1)));
  const even = s4 * (3.999999999940941908e-1 + s4 * (2.222219843214978396e-1 + s4 * 1.531383769920937332e-1));
  const half = 0.5 * f * f;
  return k * LN2_HI - (half - (s * (half + (odd + even)) + k * LN2_LO) - f);
}

/** 2 to the power of `x`: Go's `math.Exp2`. */
export function exp2(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x > 1.0239999999999999e3) return Infinity;
  if (x < -1.074e3) return 0;
  const k = Math.trunc(x > 0 ? x + 0.5 : x - 0.5);
  const rest = x - k;
  const hi = rest * LN2_HI;
  const lo = -rest * LN2_LO;
  const r = hi - lo;
  const t = r * r;
  const c =
    r -
    t *
      (1.66666666666666657415e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  return ldexp(1 - (lo - (r * c) / (2 - c) - hi), k);
}
