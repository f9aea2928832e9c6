/** A little AWS on the wire: it tells what it was asked and answers what the test says, in the true shapes of each protocol. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Asked {
  readonly operation: string;
  /** From the signature. */
  readonly region: string;
  /** Query protocol: flat form fields, e.g. `Filter.1.Name`. */
  readonly form: Readonly<Record<string, string>>;
  /** JSON protocols: the body. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly userAgent: string;
  /** The client's port: the same for two requests over one connection. */
  readonly port: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What to do with a request: an answer, or anything with the socket. */
type Reaction = Answer | ((asked: Asked, response: ServerResponse) => Answer | undefined);

export interface FakeAws {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Reactions to an operation, one after the other; the last one stays. */
  on(operation: string, ...reactions: readonly Reaction[]): void;
  /** What an operation was asked, in order. */
  of(operation: string): readonly Asked[];
  /** Forgets reactions and requests. */
  reset(): void;
  close(): Promise<void>;
}

/** Inspector's operations are paths (REST-JSON). */
const PATHS: Readonly<Record<string, string>> = {
  '/status/batch/get': 'BatchGetAccountStatus',
  '/coverage/list': 'ListCoverage',
  '/findings/list': 'ListFindings',
  '/configuration/get': 'GetConfiguration',
};

export async function startFakeAws(): Promise<FakeAws> {
  const asked: Asked[] = [];
  const reactions = new Map<string, Reaction[]>();

  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const one = understand(request, body);
      asked.push(one);
      const left = reactions.get(one.operation) ?? [];
      const reaction = (left.length > 1 ? left.shift() : left[0]) ?? notPlanned(one);
      const answer = typeof reaction === 'function' ? reaction(one, response) : reaction;
      if (!answer) return;
      const type = answer.body.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1';
      response.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    on: (operation, ...some) => void reactions.set(operation, [...some]),
    of: (operation) => asked.filter((one) => one.operation === operation),
    reset() {
      asked.length = 0;
      reactions.clear();
    },
    close: () => close(server),
  };
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function understand(request: IncomingMessage, body: string): Asked {
  const { headers, url = '/', socket } = request;
  const target = headers['x-amz-target'];
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const form = isForm ? Object.fromEntries(new URLSearchParams(body)) : {};
  const operation = form['Action'] ?? (typeof target === 'string' ? target.split('.')[1] : PATHS[url]) ?? url;
  const agent = `${String(headers['user-agent'])} ${String(headers['x-amz-user-agent'])}`;
  return {
    operation,
    region: /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '',
    form,
    json: isForm || body === '' ? {} : (JSON.parse(body) as Record<string, unknown>),
    userAgent: agent,
    port: socket.remotePort ?? 0,
  };
}

/** A plain refusal: a test that forgot an operation is to see it. */
const notPlanned = ({ operation }: Asked): Answer => ({
  status: 400,
  headers: { 'x-amzn-errortype': 'NotPlanned' },
  body: JSON.stringify({ __type: 'NotPlanned', message: `the test has no answer for ${operation}` }),
});

/** An answer of EC2 or of a Query service. */
export const xml = (operation: string, content: string): Answer => ({
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<${operation}Response><requestId>r-1</requestId>${content}</${operation}Response>`,
});

/** An answer of Auto Scaling, SNS or STS, which wrap the result. */
export const queryXml = (operation: string, content: string): Answer =>
  xml(
    operation,
    `<${operation}Result>${content}</${operation}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>`,
  );

export const json = (content: unknown): Answer => ({ body: JSON.stringify(content) });

/** EC2's form of an error. */
export const ec2Error = (code: string, status = 400, message = `about ${code}`, headers = {}): Answer => ({
  status,
  headers,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r-1</RequestID></Response>`,
});

/** The form of an error of Auto Scaling, SNS and STS. */
export const queryError = (code: string, status = 400, message = `about ${code}`): Answer => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
});

/** The form of an error of SSM and of Inspector. */
export const jsonError = (
  code: string,
  status = 400,
  message = `about ${code}`,
  more: object = {},
  headers = {},
): Answer => ({
  status,
  headers: { 'x-amzn-errortype': code, ...headers },
  body: JSON.stringify({ __type: code, message, ...more }),
});

/** EC2's form of tags. */
export const tagSet = (tags: Readonly<Record<string, string>>): string =>
  `<tagSet>${Object.entries(tags)
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join('')}</tagSet>`;
