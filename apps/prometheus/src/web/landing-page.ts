import type {Answer} from '@narthex/http/envelope.ts';

const links: readonly [path: string, what: string][] = [
  ['/api/v1/targets?state=active', 'what is scraped, and how it went'],
  ['/api/v1/query?query=up', 'a first query'],
  ['/api/v1/status/tsdb', 'how many series there are, and what makes them many'],
  ['/api/v1/status/config', 'the configuration in force'],
  ['/api/v1/status/flags', 'the flags in force'],
  ['/metrics', 'the metrics of this server'],
];

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The page at `/`, until the web interface takes its place: what can be asked here. */
export function landingPage(title: string, prefix: string): Answer {
  const items = links.map(
    ([path, what]) => `<li><a href="${prefix}${escape(path)}">${escape(path)}</a><br>${what}</li>`,
  );
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}li{margin:.6rem 0}</style>
<h1>Narthex</h1>
<p>This server speaks the Prometheus HTTP API: point Grafana at it as a Prometheus data source. It has no web interface yet.</p>
<ul>
${items.join('\n')}
</ul>
</html>
`;
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    body,
  };
}
