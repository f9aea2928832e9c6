import { SEARCH } from '../domain/names';
import type { SetupApi } from './api';
import { grpcFault, type Temporal } from './connect';
import { Unreachable } from './errors';

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD`. */
const KEYWORD = 2;
const ALREADY_EXISTS = 6;
const RETENTION_DAYS = 30;
/** Looks until what was registered can be used, and the time between them. */
const LOOKS = 50;
const LOOK_MS = 200;

/** Prepares a Temporal server, and says what is missing. Several processes may do so at once. */
export function createSetup(temporal: Temporal): SetupApi {
  const { namespace } = temporal;
  const missing = async (): Promise<string[]> => {
    const { customAttributes } = await temporal.ask((client) =>
      client.connection.operatorService.listSearchAttributes({ namespace }),
    );
    return Object.values(SEARCH).filter((name) => customAttributes?.[name] !== KEYWORD);
  };
  const register = async (what: () => Promise<unknown>): Promise<boolean> => {
    try {
      await what();
      return true;
    } catch (error) {
      if (grpcFault(error)?.code === ALREADY_EXISTS) return false;
      throw error;
    }
  };
  const hasNamespace = async (): Promise<boolean> => {
    try {
      await temporal.ask((client) => client.workflowService.describeNamespace({ namespace }));
      return true;
    } catch (error) {
      if (error instanceof Error && (error.name === 'NamespaceNotFoundError' || grpcFault(error)?.code === 5))
        return false;
      throw error;
    }
  };

  return {
    async faults() {
      try {
        if (!(await hasNamespace())) return [`Temporal has no namespace ${namespace}: run \`assay setup\``];
        const names = await missing();
        return names.length === 0
          ? []
          : [`Temporal lacks the search attributes ${names.join(', ')}: run \`assay setup\``];
      } catch (error) {
        // Where Temporal is, is nobody's business who asks whether we are ready.
        if (error instanceof Unreachable) throw error;
        return [`Temporal cannot be asked whether it is set up (${String(error)}): run \`assay setup\``];
      }
    },
    async setup() {
      const done: string[] = [];
      if (!(await hasNamespace())) {
        const workflowExecutionRetentionPeriod = { seconds: (RETENTION_DAYS * 86_400) as never };
        const made = await register(() =>
          temporal.ask((client) =>
            client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod }),
          ),
        );
        if (made) done.push(`registered namespace ${namespace}`);
      }
      for (let look = 0; look < LOOKS; look++) {
        const names = await missing().catch((error: unknown) => {
          // A namespace that was just made is not known to every part of the server yet.
          if (look < LOOKS - 1) return undefined;
          throw error;
        });
        if (names?.length === 0) return done;
        if (names) {
          const searchAttributes = Object.fromEntries(names.map((name) => [name, KEYWORD]));
          const made = await register(() =>
            temporal.ask((client) =>
              client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
            ),
          );
          if (made && !done.some((text) => text.includes('search')))
            done.push(`registered search attributes ${names.join(', ')}`);
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      throw new Unreachable(
        'Temporal',
        'the search attributes were registered, but Temporal does not show them yet; try again',
      );
    },
  };
}
