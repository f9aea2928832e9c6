/** Errors of AWS, and how each protocol tells them. */
import { json, type Reply } from '../http';
import { xml } from '../xml';

export type AwsService = 'ec2' | 'autoscaling' | 'iam' | 'ssm' | 'kms' | 'inspector2' | 'sns' | 'sts';

/** An error as AWS names it. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Namespaces of the XML answers, by the API versions that the SDK speaks. */
export const NAMESPACE: Readonly<Record<'ec2' | 'autoscaling' | 'iam' | 'sns' | 'sts', string>> = {
  ec2: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  autoscaling: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sns: 'http://sns.amazonaws.com/doc/2010-03-31/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
};

/** Which code and status a service throttles with (its API reference, common errors). */
const THROTTLING: Readonly<Record<AwsService, readonly [code: string, status: number]>> = {
  ec2: ['RequestLimitExceeded', 503],
  autoscaling: ['Throttling', 400],
  iam: ['Throttling', 400],
  ssm: ['ThrottlingException', 400],
  kms: ['ThrottlingException', 400],
  inspector2: ['ThrottlingException', 429],
  sns: ['Throttled', 429],
  sts: ['Throttling', 400],
};

export function throttled(service: AwsService, status?: number): AwsError {
  const [code, usual] = THROTTLING[service];
  return new AwsError(code, service === 'ec2' ? 'Request limit exceeded.' : 'Rate exceeded', status ?? usual);
}

export function broken(service: AwsService, status: 500 | 503): AwsError {
  const json = service === 'ssm' || service === 'kms' || service === 'inspector2';
  if (status === 503)
    return new AwsError(
      json ? 'ServiceUnavailableException' : service === 'ec2' ? 'Unavailable' : 'ServiceUnavailable',
      'The service is unavailable. Please try again shortly.',
      503,
    );
  const code = { ssm: 'InternalServerError', kms: 'KMSInternalException', inspector2: 'InternalServerException' };
  const name =
    service in code ? code[service as keyof typeof code] : service === 'ec2' ? 'InternalError' : 'InternalFailure';
  return new AwsError(name, 'An internal error has occurred', 500);
}

/** The error in the service's own protocol. */
export function errorReply(service: AwsService, { code, message, status }: AwsError, requestId: string): Reply {
  const headers = { 'x-amzn-requestid': requestId };
  switch (service) {
    case 'ec2':
      return {
        status,
        headers: { ...headers, 'Content-Type': 'text/xml;charset=UTF-8' },
        // The only answer of EC2 without a namespace.
        body: xml('Response', '', { Errors: { Error: { Code: code, Message: message } }, RequestID: requestId }),
      };
    case 'autoscaling':
    case 'iam':
    case 'sns':
    case 'sts': {
      const type = status < 500 ? 'Sender' : 'Receiver';
      const error = { Error: { Type: type, Code: code, Message: message }, RequestId: requestId };
      return {
        status,
        headers: { ...headers, 'Content-Type': 'text/xml' },
        body: xml('ErrorResponse', NAMESPACE[service], error),
      };
    }
    case 'ssm':
    case 'kms': {
      const reply = json(status, { __type: code, message, Message: message }, 'application/x-amz-json-1.1');
      return { ...reply, headers: { ...reply.headers, ...headers } };
    }
    case 'inspector2': {
      const reply = json(status, { message });
      return { ...reply, headers: { ...reply.headers, ...headers, 'x-amzn-errortype': code } };
    }
  }
}
