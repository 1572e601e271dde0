import {text, type Answer} from '@narthex/http/envelope.ts';
import type {WebServer} from './server.ts';

export interface Lifecycle {
  /** Whether `/-/reload` and `/-/quit` may be used. */
  readonly enabled: boolean;
  /** Rejects with what is wrong with the new configuration. */
  reload(): Promise<void>;
  /** Begin to end the program; false when that has begun already. */
  quit(): boolean;
}

const FORBIDDEN = text(403, 'Lifecycle API is not enabled.');
const CHANGING = ['POST', 'PUT'];

/** Health, readiness, reload and quit. */
export function addLifecycleRoutes(server: WebServer, lifecycle: Lifecycle): void {
  server.route(['GET'], '/-/healthy', () => text(200, 'Prometheus Server is Healthy.\n'), {always: true});
  server.route(['GET'], '/-/ready', () => text(200, 'Prometheus Server is Ready.\n'));
  for (const path of ['/-/quit', '/-/reload']) {
    server.route(['GET'], path, () => text(405, 'Only POST or PUT requests allowed'), {always: true});
  }
  server.route(CHANGING, '/-/quit', () => (lifecycle.enabled ? quit(lifecycle) : FORBIDDEN), {always: true});
  server.route(CHANGING, '/-/reload', () => (lifecycle.enabled ? reload(lifecycle) : FORBIDDEN), {always: true});
}

function quit(lifecycle: Lifecycle): Answer {
  return text(200, lifecycle.quit() ? 'Requesting termination... Goodbye!' : 'Termination already in progress.');
}

async function reload(lifecycle: Lifecycle): Promise<Answer> {
  try {
    await lifecycle.reload();
    return text(200, '');
  } catch (error) {
    return text(500, `failed to reload config: ${(error as Error).message}\n`);
  }
}
