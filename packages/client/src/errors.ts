/** Why an instrument refused something; never renamed. */
export type MetricErrorCode =
  | 'invalid_name'
  | 'invalid_label'
  | 'invalid_value'
  | 'invalid_option'
  | 'duplicate'
  | 'merge';

/** The program uses an instrument in a way that would give a broken page. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  readonly code: MetricErrorCode;

  constructor(code: MetricErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
