import { Client, Connection, isGrpcServiceError, type ConnectionOptions } from '@temporalio/client';
import { Unreachable } from './errors';

export interface TemporalOptions {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
}

/** A connection to Temporal that is made when it is first used, and made again by itself. */
export interface Temporal {
  readonly client: Client;
  readonly namespace: string;
  /** Calls Temporal with a time limit in milliseconds. Throws Unreachable when it is not there, not in time, or lets nobody in. */
  ask<T>(call: (client: Client) => Promise<T>, limitMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** Orca waits 20 seconds at most for an answer, which may take several calls. */
const LIMIT_MS = 4_000;

/** gRPC status codes (grpc.io, "Status codes and their use in gRPC"). */
const CODE = {
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
};

export function connectTemporal({ connection: options, namespace }: TemporalOptions): Temporal {
  const connection = Connection.lazy(options);
  const client = new Client({ connection, namespace });
  const address = options.address ?? 'localhost:7233';
  return {
    client,
    namespace,
    async ask(call, limitMs = LIMIT_MS) {
      try {
        return await connection.withDeadline(Date.now() + limitMs, () => call(client));
      } catch (error) {
        throw unreachable(error, address, namespace) ?? error;
      }
    },
    close: () => connection.close(),
  };
}

/** What a gRPC fault means, if it means that Temporal cannot be used now. Others are for the caller to understand. */
function unreachable(error: unknown, address: string, namespace: string): Unreachable | undefined {
  const grpc = grpcFault(error);
  if (!grpc) {
    if (error instanceof Error && error.name === 'NamespaceNotFoundError')
      return new Unreachable('Temporal', `Temporal at ${address} has no namespace ${namespace}: run \`assay setup\``);
    return undefined;
  }
  switch (grpc.code) {
    case CODE.unavailable:
    case CODE.deadlineExceeded:
      return new Unreachable(
        'Temporal',
        `Temporal at ${address} does not answer: check TEMPORAL_ADDRESS and that it runs`,
      );
    // What a server answers that is going down, or whose database is away.
    case CODE.cancelled:
    case CODE.unknown:
    case CODE.aborted:
    case CODE.internal:
    case CODE.dataLoss:
      return new Unreachable('Temporal', `Temporal at ${address} cannot answer now`, { cause: error });
    case CODE.resourceExhausted:
      return new Unreachable('Temporal', `Temporal at ${address} is overloaded`);
    case CODE.permissionDenied:
    case CODE.unauthenticated:
      return new Unreachable('Temporal', `Temporal at ${address} refuses us: check its credentials in the environment`);
    default:
      return undefined;
  }
}

/** The SDK wraps gRPC faults in errors of its own. */
export function grpcFault(error: unknown): { readonly code: number } | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if (isGrpcServiceError(at)) return at;
  return undefined;
}
