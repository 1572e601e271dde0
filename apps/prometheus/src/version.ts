/** The version of Prometheus whose behaviour this program has: what clients that look at versions want to know. */
export const VERSION = '3.14.0';
/** What this program is. */
export const PROGRAM = 'narthex';
export const USER_AGENT = `Prometheus/${VERSION}`;
