import { doors, PUBLIC_URL } from './door';

const open = doors();

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
}

const load = async (): Promise<{ document: Document; routes: string }> => {
  const door = await open();
  const document = (await (await door.get('/openapi.json')).json()) as Document;
  return { document, routes: door.app.printRoutes({ commonPrefix: false }) };
};

test('the description is OpenAPI 3.1 under the public URL, and every reference in it leads somewhere', async () => {
  const { document } = await load();
  expect(document.openapi).toBe('3.1.0');
  expect(document.servers).toEqual([{ url: PUBLIC_URL }]);
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref as string);
  expect(references.length).toBeGreaterThan(10);
  for (const reference of references) {
    const name = /^#\/components\/schemas\/([A-Za-z]+)$/.exec(reference)?.[1];
    expect(document.components.schemas).toHaveProperty([name ?? reference]);
  }
  expect(JSON.stringify(document)).not.toContain('$defs');
});

test('it describes every call of version 1, and no other', async () => {
  const { document, routes } = await load();
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const served = new Set<string>();
  const parts: string[] = [];
  for (const line of routes.split('\n')) {
    const match = /^([│ ]*)(?:├──|└──) (\S+)(?: \(([^)]*)\))?/.exec(line);
    if (!match) continue;
    const depth = (match[1] as string).length / 4;
    parts.splice(depth, parts.length, match[2] as string);
    const path = parts.join('').replace(/:(\w+)/g, '{$1}');
    for (const method of (match[3] ?? '').split(', '))
      if (method !== '' && method !== 'HEAD' && /^\/(?:v1\/|livez|readyz)/.test(path)) served.add(`${method} ${path}`);
  }
  expect([...served].sort()).toEqual(described.sort());
});

test('it is made from the schemas that check: unknown fields are refused in it too', async () => {
  const { document } = await load();
  const { StartRequest, Status, Problem } = document.components.schemas;
  expect(StartRequest).toMatchObject({ required: ['line'], additionalProperties: false });
  expect(StartRequest).toHaveProperty('properties.requestedBy.maxLength', 320);
  expect(StartRequest).toHaveProperty('properties.reason.maxLength', 2000);
  expect(Status).toHaveProperty('properties.progress.type', 'string');
  expect(Problem).toHaveProperty('properties.errors.type', 'array');
  const start = document.paths['/v1/runs']?.['post'];
  expect(Object.keys(start?.['responses'] as object)).toEqual(
    expect.arrayContaining(['202', '400', '401', '403', '409', '413', '415', '429', '503']),
  );
});
