/** The `errorType` of the HTTP API: clients switch on it, so a member is never renamed. */
export type ApiErrorType =
  | 'timeout'
  | 'canceled'
  | 'execution'
  | 'bad_data'
  | 'internal'
  | 'unavailable'
  | 'not_found'
  | 'not_acceptable';

const statuses: Record<ApiErrorType, number> = {
  timeout: 503,
  canceled: 499,
  execution: 422,
  bad_data: 400,
  internal: 500,
  unavailable: 500,
  not_found: 404,
  not_acceptable: 406,
};

/** A request that the API answers with an error envelope; `message` goes to the client as it is. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly type: ApiErrorType;
  readonly status: number;

  constructor(type: ApiErrorType, message: string, options: {status?: number; cause?: unknown} = {}) {
    super(message, {cause: options.cause});
    this.type = type;
    this.status = options.status ?? statuses[type];
  }
}
