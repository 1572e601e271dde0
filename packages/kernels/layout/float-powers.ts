// The table of powers of ten that parsing decimal text wants: for each exponent the 128 most significant bits of 5^exponent,
// high u64 first, made by src/float-powers.ts.

/** Smallest exponent in the table; numbers with smaller ones are left to the slow path. */
export const FLOAT_POWER_MIN = -100;
/** Largest exponent in the table. */
export const FLOAT_POWER_MAX = 100;
/** Bytes of the whole table. */
export const FLOAT_POWERS_BYTES = 3216;
