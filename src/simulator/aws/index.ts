/** AWS on the wire: requests of the SDK, told apart by the service they are signed for. */
import type { Behaviour } from '../behaviour';
import type { Call } from '../call';
import type { FaultPlan } from '../faults';
import { json, parse, type Reply, type SimRequest } from '../http';
import { xml } from '../xml';
import type { World } from '../world';
import { AUTO_SCALING } from './autoscaling';
import { EC2 } from './ec2';
import { AwsError, broken, errorReply, NAMESPACE, throttled, type AwsService } from './fault';
import { IAM } from './iam';
import { INSPECTOR } from './inspector2';
import { KMS } from './kms';
import type { JsonOperation, JsonPager } from './json-operation';
import type { Operation, Pager } from './operation';
import { Params } from './params';
import { SNS } from './sns';
import { SSM } from './ssm';
import { STS } from './sts';

const XML: Readonly<Record<'ec2' | 'autoscaling' | 'iam' | 'sns' | 'sts', Readonly<Record<string, Operation>>>> = {
  ec2: EC2,
  autoscaling: AUTO_SCALING,
  iam: IAM,
  sns: SNS,
  sts: STS,
};
const JSON_TARGETS: Readonly<Record<'ssm' | 'kms', Readonly<Record<string, JsonOperation>>>> = { ssm: SSM, kms: KMS };

/** `undefined` for a request that is not signed for a service that is simulated. */
export function awsCall(world: World, request: SimRequest): Call | undefined {
  const scope = /Credential=[^/]+\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\//.exec(String(request.headers.authorization));
  const [, region, service] = scope ?? [];
  if (region === undefined) return undefined;
  switch (service) {
    case 'ec2':
    case 'autoscaling':
    case 'iam':
    case 'sns':
    case 'sts':
      return xmlCall(world, request, service, region);
    case 'ssm':
    case 'kms': {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      return jsonCall(world, request, { service, region, operation, act: own(JSON_TARGETS[service], operation) });
    }
    case 'inspector2': {
      const known = own(INSPECTOR, request.path);
      return jsonCall(world, request, { service, region, operation: known?.name ?? request.path, act: known?.act });
    }
    default:
      return undefined;
  }
}

const own = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined;

function xmlCall(world: World, { body }: SimRequest, service: keyof typeof XML, region: string): Call {
  const params = new Params(body);
  const operation = params.get('Action') ?? '';
  const requestId = world.ids.uuid();
  const habits = world.behaviours.of();
  const page: Pager = (given, most) => ({
    ...limits(habits),
    token: given.get('NextToken'),
    asked: given.number('MaxResults') ?? given.number('MaxRecords'),
    most,
    badToken: service === 'ec2' ? 'InvalidParameterValue' : 'InvalidNextToken',
  });
  const act = (): Reply => {
    const known = own(XML[service], operation);
    if (!known) throw new AwsError('InvalidAction', `The action ${operation} is not valid for this web service.`);
    const dry = service === 'ec2' && params.is('DryRun');
    if (dry) throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    const content = known(world, params, region, page);
    const headers = { 'Content-Type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId };
    if (service === 'ec2')
      return { status: 200, headers, body: xml(`${operation}Response`, NAMESPACE.ec2, { requestId, ...content }) };
    const wrapped = { [`${operation}Result`]: content, ResponseMetadata: { RequestId: requestId } };
    return { status: 200, headers, body: xml(`${operation}Response`, NAMESPACE[service], wrapped) };
  };
  return { service, region, operation, params: params.told(), ...guarded(service, requestId, act) };
}

interface JsonTarget {
  readonly service: 'ssm' | 'kms' | 'inspector2';
  readonly region: string;
  readonly operation: string;
  readonly act: JsonOperation | undefined;
}

function jsonCall(world: World, { body }: SimRequest, { service, region, operation, act }: JsonTarget): Call {
  const requestId = world.ids.uuid();
  const habits = world.behaviours.of();
  const page: JsonPager = (token, asked, most) => ({
    ...limits(habits),
    token: typeof token === 'string' ? token : undefined,
    asked: typeof asked === 'number' ? asked : undefined,
    most,
    badToken: service === 'inspector2' ? 'ValidationException' : 'InvalidNextToken',
  });
  const answer = (): Reply => {
    if (!act) throw new AwsError('UnknownOperationException', `The operation ${operation} is not known.`);
    const type = service === 'inspector2' ? 'application/json' : 'application/x-amz-json-1.1';
    const reply = json(200, act(world, inputOf(body), region, page), type);
    return { ...reply, headers: { ...reply.headers, 'x-amzn-requestid': requestId } };
  };
  return { service, region, operation, params: body, ...guarded(service, requestId, answer) };
}

function inputOf(body: string) {
  try {
    return parse(body);
  } catch {
    throw new AwsError('SerializationException', 'The body is not JSON');
  }
}

const limits = ({ pageSize, emptyPages }: Behaviour) => ({ pageSize, emptyPages });

/** Errors of AWS become its answers, and planned faults too. */
function guarded(service: AwsService, requestId: string, act: () => Reply): Pick<Call, 'act' | 'fail'> {
  return {
    act() {
      try {
        return act();
      } catch (error) {
        if (error instanceof AwsError) return errorReply(service, error, requestId);
        throw error;
      }
    },
    fail(plan) {
      const error = errorOf(service, plan);
      if (!error) return undefined;
      const reply = errorReply(service, error, requestId);
      const after = plan.retryAfter === undefined ? {} : { 'Retry-After': String(plan.retryAfter) };
      return { ...reply, headers: { ...reply.headers, ...after } };
    },
  };
}

function errorOf(service: AwsService, { kind, code = 'InternalFailure', status }: FaultPlan): AwsError | undefined {
  switch (kind) {
    case 'throttle':
      return throttled(service);
    case '429':
      return throttled(service, 429);
    case '500':
      return broken(service, 500);
    case '503':
      return broken(service, 503);
    case 'error':
      return new AwsError(code, `Planned error ${code}`, status);
    case 'reset':
    case 'delay':
    case 'empty-200':
    case 'login-redirect':
    case 'accept-then-drop':
      return undefined;
  }
}
