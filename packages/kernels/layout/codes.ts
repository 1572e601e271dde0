/** What kernels that give a length or a count give for corrupt data. Kernels' results are signed in JavaScript: compare `result >>> 0`. */
export const CORRUPT = 0xffffffff;
