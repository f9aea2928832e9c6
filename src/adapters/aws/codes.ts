/**
 * What AWS's error codes mean for a caller. Codes are compared without the endings `Exception`, `Fault` and `Error`, which
 * the same error has or has not depending on the service's protocol.
 */
export type FailureKind = 'try-again' | 'final' | 'forbidden' | 'not-found' | 'already-so';

const TRY_AGAIN = [
  // Throttling (EC2 API reference, Error codes; SDK's own list of throttling codes).
  ...['Throttling', 'Throttled', 'RequestLimitExceeded', 'RequestThrottled', 'TooManyRequests', 'EC2Throttled'],
  ...['SlowDown', 'BandwidthLimitExceeded', 'PriorRequestNotComplete', 'KMSThrottling', 'TransactionInProgress'],
  // The service is unwell; mostly 5xx, not always.
  ...['Internal', 'InternalFailure', 'InternalServer', 'ServiceUnavailable', 'Unavailable', 'RequestTimeout'],
  // Credentials that expire are renewed by the SDK; a clock that is off is corrected by it after the first answer.
  ...['ExpiredToken', 'TokenRefreshRequired', 'RequestExpired', 'RequestTimeTooSkewed', 'RequestInTheFuture'],
  // The identity provider could not be asked, or its token file is about to be renewed (STS API reference).
  ...['IDPCommunication', 'InvalidIdentityToken'],
  // Somebody else's change is under way, or what has to end first has not ended.
  ...['TooManyUpdates', 'Conflict', 'ConcurrentAccess', 'ResourceInUse', 'ResourceContention'],
  ...['ScalingActivityInProgress', 'InvalidSnapshot.InUse', 'VolumeInUse', 'InvalidNetworkInterface.InUse'],
  'IncorrectState',
  'IncorrectInstanceState',
  // Paging tokens expire; the next try begins with the first page.
  ...['InvalidNextToken', 'InvalidPaginationToken'],
] as const;

const FORBIDDEN = [
  ...['AccessDenied', 'UnauthorizedOperation', 'Authorization', 'NotAuthorized', 'KMSAccessDenied', 'InvalidSecurity'],
  ...['AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClient', 'InvalidAccessKeyId', 'InvalidToken'],
  ...['SignatureDoesNotMatch', 'InvalidSignature', 'IncompleteSignature'],
  ...['MissingAuthenticationToken', 'OptInRequired', 'RegionDisabled', 'Blocked'],
] as const;

const NOT_FOUND = [
  ...['ParameterNotFound', 'ParameterVersionNotFound', 'ResourceNotFound', 'NoSuchEntity'],
  // Deregistered already (EC2 API reference, Error codes).
  'InvalidAMIID.Unavailable',
  // What EC2 says when it is to tag something that is not there.
  'InvalidID',
] as const;

const KINDS: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ...TRY_AGAIN.map((code) => [code, 'try-again'] as const),
  ...FORBIDDEN.map((code) => [code, 'forbidden'] as const),
  ...NOT_FOUND.map((code) => [code, 'not-found'] as const),
]);

/** Refusals whose messages quote the request's headers, the session token among them. */
const SIGNATURES = new Set(['SignatureDoesNotMatch', 'InvalidSignature', 'IncompleteSignature']);

/** Refusals that are about who we are, not about what we may do: no grant helps against them. */
const CREDENTIALS = new Set([
  ...SIGNATURES,
  ...['AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClient', 'InvalidAccessKeyId', 'InvalidToken'],
  ...['MissingAuthenticationToken', 'OptInRequired', 'RegionDisabled'],
]);

/** A code in the one form in which codes are compared. */
const plainCode = (code: string): string =>
  code
    .replace(/^.*#/, '')
    .replace(/^(?:Client|Server)\./, '')
    .replace(/(?:Exception|Fault|Error)$/, '');

/** Whether a refusal is about credentials rather than rights. */
export const isAboutCredentials = (code: string): boolean => CREDENTIALS.has(plainCode(code));

/** Whether a message must not be shown, because AWS quotes the signed request in it. */
export const quotesRequest = (code: string): boolean => SIGNATURES.has(plainCode(code));

/**
 * Sorts an error of a service by its code and HTTP status; by its message only where AWS has one code for everything.
 * A code that is not known is final when the status says that the request was wrong, because it would be wrong again.
 */
export function kindOf({
  code,
  status,
  message,
}: {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}): FailureKind {
  const plain = plainCode(code);
  // The signature's time, not the signature, is what AWS minds here.
  if (quotesRequest(code) && /expired|not yet current/i.test(message)) return 'try-again';
  const known = KINDS.get(plain);
  if (known) return known;
  if (/^Invalid[A-Za-z]+\.NotFound$/.test(plain)) return 'not-found';
  // Parameter Store refuses a value while it still checks the one before.
  if (plain === 'Validation' && /in progress/i.test(message) && !/delete/i.test(message)) return 'try-again';
  // EC2's word for a network interface that is still attached.
  if (plain === 'InvalidParameterValue' && /is currently in use/i.test(message)) return 'try-again';
  // Auto Scaling has one code for all that is wrong with a request.
  if (/(?:^|#)ValidationError$/.test(code)) {
    if (/pending delete|delete in progress|already being deleted/i.test(message)) return 'already-so';
    if (/not found/i.test(message)) return 'not-found';
  }
  return kindOfStatus(status);
}

/** What an HTTP status alone says; for answers whose code is unknown or could not be read. */
export function kindOfStatus(status: number): FailureKind {
  if (status >= 500 || status === 408 || status === 429) return 'try-again';
  if (status === 401 || status === 403) return 'forbidden';
  // An answer that says yes and cannot be read was broken on its way.
  return status >= 300 ? 'final' : 'try-again';
}
