import {addNodeMetrics} from './node-metrics.ts';
import {addProcessMetrics} from './process-metrics.ts';
import {Registry} from './registry.ts';

/**
 * The registry of programs that need no more than one, with the `process_*` and `nodejs_*` metrics in it. Importing
 * this file is what makes it; libraries take a `Registry` from their caller instead.
 */
export const defaultRegistry = new Registry();

addProcessMetrics(defaultRegistry);
addNodeMetrics(defaultRegistry);
