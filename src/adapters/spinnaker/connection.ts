/** Sockets to Gate: kept alive, and watched, so that it is known whether a request that failed can have arrived. */
import * as http from 'node:http';
import * as https from 'node:https';
import { createSecureContext } from 'node:tls';
import { Forbidden } from '../../domain/errors';
import type { Certificate } from './auth';
import { record, text } from './json';

/** Whether anything was sent. Until a connection stands (with TLS: is secured), nothing can have arrived. */
export interface Passage {
  reached: boolean;
}

export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

/** Sockets at once; more requests wait for one to be free. */
const MOST_SOCKETS = 32;

/**
 * Agents for a client certificate; new ones when it changes. A command gets a fresh connection: on one that was kept alive
 * Gate may just be hanging up, and a command that ends in a reset counts as perhaps carried out.
 */
export function createAgents(): (certificate: Certificate | null, fresh: boolean) => Agents {
  let current: { readonly name: string; readonly kept: Agents; readonly fresh: Agents } | undefined;
  return (certificate, fresh) => {
    const name = JSON.stringify(certificate);
    if (current?.name !== name) {
      if (certificate) assertUsable(certificate);
      closeIdle(current?.kept.httpsAgent);
      current = { name, kept: agents(certificate, true), fresh: agents(certificate, false) };
    }
    return fresh ? current.fresh : current.kept;
  };
}

function agents(certificate: Certificate | null, keepAlive: boolean): Agents {
  const options = { keepAlive, maxSockets: MOST_SOCKETS, scheduling: 'lifo' as const };
  return { httpAgent: new http.Agent(options), httpsAgent: new https.Agent({ ...options, ...certificate }) };
}

/** Requests under way keep their sockets, which an agent's own `destroy` would take from them. */
function closeIdle(agent: https.Agent | undefined): void {
  for (const sockets of Object.values(agent?.freeSockets ?? {})) for (const socket of sockets ?? []) socket.destroy();
}

/** Before the first connection, where a fault would look like one of the network. Names the fault by its code only. */
function assertUsable(certificate: Certificate): void {
  try {
    createSecureContext(certificate);
  } catch (error) {
    const code = text(record(error).code) ?? 'unknown fault';
    throw new Forbidden(`the client certificate, its key or the CA for Gate cannot be used (${code})`);
  }
}

/** What axios sends a request with (its `transport`): Node's own client, with the passage noted. */
export function watchedTransport(passage: Passage, connectTimeoutMs: number) {
  return {
    request(options: https.RequestOptions, answered: (response: http.IncomingMessage) => void): http.ClientRequest {
      const secure = options.protocol === 'https:';
      const request = (secure ? https : http).request(options, answered);
      request.once('socket', (socket) => {
        const arrived = (): void => {
          passage.reached = true;
        };
        if (request.reusedSocket || !socket.connecting) return arrived();
        const late = (): void => void request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
        const timer = setTimeout(late, connectTimeoutMs);
        request.once('close', () => clearTimeout(timer));
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          clearTimeout(timer);
          arrived();
        });
      });
      return request;
    },
  };
}
