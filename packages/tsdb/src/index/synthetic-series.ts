const encoder = new TextEncoder();

/** One label set as the index takes it. */
export interface RawLabels {
  readonly bytes: Uint8Array;
  readonly ranges: Uint32Array;
  readonly labelCount: number;
}

/** Label sets as raw bytes, for tests and benchmarks; one buffer that each call overwrites. */
export class RawLabelsBuilder implements RawLabels {
  readonly bytes = new Uint8Array(1 << 20);
  ranges = new Uint32Array(4 * 64);
  labelCount = 0;
  #length = 0;

  /** Replace the content by `labels`, (name, value, ...) with names in byte order. */
  set(labels: readonly string[]): this {
    this.labelCount = labels.length / 2;
    this.#length = 0;
    for (const [i, text] of labels.entries()) {
      this.ranges[2 * i] = this.#length;
      this.#length += encoder.encodeInto(text, this.bytes.subarray(this.#length)).written;
      this.ranges[2 * i + 1] = this.#length;
    }
    return this;
  }
}

/**
 * The labels of series `i` of a cluster's worth: twelve each, 1000 metrics of 20 containers' pods on a hundred nodes; every
 * million differs in its replica set.
 */
export function clusterLabels(i: number): string[] {
  const metric = i % 1000;
  const target = Math.floor(i / 1000);
  const node = target % 100;
  return [
    ['__name__', `container_metric_${metric}_total`],
    ['cluster', 'production-eu-west-1'],
    ['container', `container-${metric % 20}`],
    ['environment', 'production'],
    ['instance', `10.0.${node}.17:9100`],
    ['job', `job-${metric % 40}`],
    ['le', String(metric % 12)],
    ['method', ['GET', 'POST', 'PUT', 'DELETE'][metric % 4]],
    ['namespace', `team-${target % 50}`],
    ['node', `ip-10-0-${node}-17.internal`],
    ['pod', `server-${(target * 2654435761) % 4294967296}-${target % 1000}`],
    ['status', String(200 + (metric % 5))],
  ].flat();
}

/** The labels of series `i` of a cluster, and a label `id` that no other series has. */
export function labelsWithId(i: number): string[] {
  const labels = clusterLabels(i);
  labels.splice(8, 0, 'id', String(i));
  return labels;
}
