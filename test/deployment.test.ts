import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

const compose = parse(text('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  test('pins every image to a version', () => {
    const images = services.flatMap(([, { image }]) => image ?? []);
    expect(images.length).toBeGreaterThan(3);
    expect(images.filter((image) => !/:\d+(\.\d+)*$/.test(image))).toEqual([]);
  });

  test('shows nothing but to this machine', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('has the API behind the proxy only, since Spinnaker gives up on a refused connection', () => {
    expect(compose.services['server']?.ports).toBeUndefined();
    expect(compose.services['proxy']?.ports).toEqual(['127.0.0.1:8080:8080']);
  });

  test('mounts only files that are there, and volumes that are declared', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] as string));
    const missing = sources.filter((source) =>
      source.startsWith('./') ? source !== './config' && !existsSync(join(ROOT, source)) : !(source in compose.volumes),
    );
    expect(missing).toEqual([]);
  });

  test('lets worker and server write evidence, in one place that both see, and not the config', () => {
    for (const name of ['worker', 'server'])
      expect(compose.services[name]?.volumes).toEqual(['./config:/config:ro', 'evidence:/evidence']);
  });

  test('gives the server no credentials of AWS', () => {
    const names = Object.keys(compose.services['server']?.environment ?? {});
    expect(names).toContain('TEMPORAL_ADDRESS');
    expect(names.filter((name) => name.startsWith('AWS_'))).toEqual([]);
  });
});

describe('the proxy', () => {
  const conf = text('examples/compose/nginx.conf');

  test('turns a server that is away into a 503, without a Retry-After of 0', () => {
    expect(conf).toMatch(/error_page 502 504 =503 @away;/);
    expect(conf).not.toMatch(/Retry-After/i);
  });

  test('keeps connections for longer than OkHttp does, and sends nothing twice', () => {
    const seconds = Number(/keepalive_timeout (\d+)s;/.exec(conf)?.[1]);
    expect(seconds).toBeGreaterThan(300);
    expect(conf).toMatch(/proxy_next_upstream off;/);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = text('Dockerfile');

  test('copies everything that the build reads', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied).toEqual(
      expect.arrayContaining([
        'package.json',
        'package-lock.json',
        'tsconfig.json',
        'tsconfig.build.json',
        'scripts',
        'src',
      ]),
    );
    expect(copied.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('has certificate authorities where the program runs, and no root there', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).toMatch(/ca-certificates/);
    expect(last).toMatch(/^USER node$/m);
  });
});

describe('docs/operations.md', () => {
  const operations = text('docs/operations.md');

  /** Every command of an SDK that the adapters send is one action in IAM, but for the prefix. */
  const sent = (): readonly string[] => {
    const folder = join(ROOT, 'src', 'adapters', 'aws');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const code = sources.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    return [...new Set([...code.matchAll(/new ([A-Z]\w+)Command\(/g)].map(([, name = '']) => name))].sort();
  };

  test('names every right in AWS that the worker needs, and none that it does not', () => {
    const table = operations.slice(operations.indexOf('| service | actions |'));
    const rows = table.slice(0, table.indexOf('\n\n'));
    const named = [...rows.matchAll(/`([A-Z]\w+)`/g)].map(([, name = '']) => name);
    expect(sent().length).toBeGreaterThan(15);
    // Whoever launches an instance with a profile passes its role: a right without a call.
    expect([...new Set(named)].sort()).toEqual([...sent(), 'PassRole'].sort());
  });
});

test('no document, no example and no history names the machine it was written on, or a folder of it', () => {
  const files = ['docs', 'examples', 'src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((name) => /\.(?:md|ya?ml|json|ts|js|sh|conf)$/.test(name)),
  );
  expect(files.length).toBeGreaterThan(100);
  const homes = new RegExp(`"(?:identity|name)":"\\d+@|${ROOT.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}/`);
  expect(files.filter((file) => homes.test(text(file)))).toEqual([]);
});
