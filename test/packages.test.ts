import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as Protobufjs from 'protobufjs';
import type * as ProtoJson from 'protobufjs/ext/protojson';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';

const ROOT = join(__dirname, '..');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version?: string;
        readonly resolved?: string;
        readonly dependencies?: Readonly<Record<string, string>>;
        readonly optionalDependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as T;
const manifest = read<Manifest>('package.json');
const lock = read<Lock>('package-lock.json');
const wanted = { ...manifest.dependencies, ...manifest.devDependencies };

/** Versions in the lock file of every copy of the packages whose name fits, by path. */
const locked = (name: RegExp): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(lock.packages)
      .filter(([path]) => name.test(path.split('node_modules/').at(-1) ?? ''))
      .map(([path, { version }]) => [path, version]),
  );

/** Whether the package at `path` finds `name` in its own node_modules or in one above. */
function isLocked(path: string, name: string): boolean {
  const own = path === '' ? `node_modules/${name}` : `${path}/node_modules/${name}`;
  if (own in lock.packages) return true;
  return path !== '' && isLocked(path.split('/node_modules/').slice(0, -1).join('/node_modules/'), name);
}

/** Where a package of the SDK gets `protobufjs` from. */
const protobufjsOf = (name: string): string =>
  dirname(require.resolve('protobufjs/package.json', { paths: [dirname(require.resolve(`${name}/package.json`))] }));

const HISTORY = {
  events: [
    {
      eventId: '1',
      eventTime: '2026-01-01T00:00:00.250Z',
      eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
      workflowExecutionStartedEventAttributes: {
        workflowType: { name: 'goldenImage' },
        taskQueue: { name: 'assay', kind: 'TASK_QUEUE_KIND_NORMAL' },
        input: { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'eyJsaW5lIjoiZ29sZGVuIn0=' }] },
        workflowTaskTimeout: '10s',
        attempt: 1,
      },
    },
  ],
};

describe('the Temporal SDK', () => {
  test('is wanted at one exact version', () => {
    const versions = Object.entries(wanted).filter(([name]) => name.startsWith('@temporalio/'));
    expect(versions.length).toBeGreaterThan(5);
    expect(new Set(versions.map(([, version]) => version)).size).toBe(1);
    expect(versions[0]?.[1]).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('is locked at that version in all its packages, and each is there once', () => {
    const versions = locked(/^@temporalio\//);
    expect(new Set(Object.values(versions))).toEqual(new Set([wanted['@temporalio/workflow']]));
    expect(Object.keys(versions).filter((path) => path.lastIndexOf('node_modules/') > 0)).toEqual([]);
  });
});

// The SDK describes its messages with protobufjs 8 and converts them with functions that know their own copy's classes only;
// gRPC's loader wants version 7. Without a direct dependency npm puts 7 at the top and a copy of 8 into each SDK package, and
// a history from a JSON file can no longer be read: "type must be a Type".
describe('protobufjs', () => {
  test('is a direct dependency at version 8 or newer', () => {
    expect(Number(/^[\^~]?(\d+)\./.exec(manifest.dependencies['protobufjs'] ?? '')?.[1])).toBeGreaterThanOrEqual(8);
  });

  test('is locked at the top at version 8 or newer, and there is no second copy of that', () => {
    const modern = Object.entries(locked(/^protobufjs$/)).filter(([, version]) => Number(version?.split('.')[0]) >= 8);
    expect(modern.map(([path]) => path)).toEqual(['node_modules/protobufjs']);
  });

  test('is one and the same for every package of the SDK that uses it, as installed', () => {
    const places = ['common', 'proto', 'client', 'worker'].map((name) => protobufjsOf(`@temporalio/${name}`));
    expect(new Set(places)).toEqual(new Set([join(ROOT, 'node_modules/protobufjs')]));
  });

  test('lets a plain JSON history be read and written again without loss', () => {
    const history = historyFromJSON(HISTORY);
    expect(history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name).toBe('goldenImage');
    expect(JSON.parse(historyToJSON(history))).toEqual(HISTORY);
  });

  test('in two copies breaks just that', () => {
    const { Type } = jest.requireActual<typeof Protobufjs>('protobufjs');
    const ofOneCopy = new Type('History');
    let secondCopy: typeof ProtoJson | undefined;
    jest.isolateModules(() => {
      secondCopy = jest.requireActual('protobufjs/ext/protojson');
    });
    expect(() => secondCopy?.fromJson(ofOneCopy, {})).toThrow('type must be a Type');
  });
});

describe('the lock file', () => {
  test('names no registry but the public one, so that it installs anywhere', () => {
    const hosts = Object.values(lock.packages).flatMap(({ resolved }) =>
      resolved === undefined ? [] : new URL(resolved).host,
    );
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });

  // One written beside a half-installed node_modules lacks the packages of other platforms, and `npm ci` refuses it.
  test('has an entry for every dependency of its entries, those of other platforms too', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !isLocked(path, name)),
    );
    expect(missing).toEqual([]);
  });

  test('fits package.json', () => {
    const top = lock.packages[''] as unknown as Manifest;
    expect({ ...top.dependencies, ...top.devDependencies }).toEqual(wanted);
  });
});
