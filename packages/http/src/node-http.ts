// Importing node:http as a module reads each of its exports, and one of them brings in the whole of undici: some 18 MB and 80 ms of a
// thread's start (Node 26). node:https brings in all of TLS, 8 MB and 25 ms, which most servers never need. Asked for as built-in
// modules, the one stays small and the other comes when the first target wants it.

export const plainHttp: typeof import('node:http') = process.getBuiltinModule('node:http');

export const secureHttp = (): typeof import('node:https') => process.getBuiltinModule('node:https');
