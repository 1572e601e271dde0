import {type PlainWrite, writeRequest} from '@narthex/remote/testing.ts';

/** Post samples as remote write; gives status and text of the answer. */
export async function postWrite(url: string, series: readonly PlainWrite[]): Promise<{status: number; body: string}> {
  const answer = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(writeRequest(series)),
    headers: {
      'Content-Type': 'application/x-protobuf',
      'Content-Encoding': 'snappy',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    },
  });
  return {status: answer.status, body: await answer.text()};
}
