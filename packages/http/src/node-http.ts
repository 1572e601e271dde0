// Importing node:http as a module reads each of its exports, and one of them brings in the whole of undici: some 18 MB and 50 ms in every
// thread (Node 26). Asked for as a built-in module, it stays away.

export const http: typeof import('node:http') = process.getBuiltinModule('node:http');
