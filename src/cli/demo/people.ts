/** The people and programs of the demo, with the keys that were made for them. */
import type { KeyEntry } from '../keys';

/** Somebody with an API key. */
export interface Persona {
  readonly entry: KeyEntry;
  readonly key: string;
}

/** Who there is: the pipeline that asks, and one approver of each group. */
export interface Personas {
  readonly spinnaker: Persona;
  readonly alice: Persona;
  readonly bob: Persona;
}

/** What each may do. */
export const PERSONAS: Readonly<Record<keyof Personas, Omit<KeyEntry, 'sha256'>>> = {
  spinnaker: { id: 'spinnaker', scopes: ['runs:read', 'runs:write'] },
  alice: {
    id: 'alice',
    scopes: ['runs:read', 'runs:write', 'decisions:write'],
    subject: 'alice@example.com',
    groups: ['security'],
  },
  bob: {
    id: 'bob',
    scopes: ['runs:read', 'decisions:write'],
    subject: 'bob@example.com',
    groups: ['platform'],
  },
};
