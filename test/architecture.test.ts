import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundledModules } from './architecture/bundle';
import { breachesIn, type Rule } from './architecture/checker';
import { tempDir } from './setup/helpers';

const SRC = join(__dirname, '../src');

/** Writes a tree of files and gives back its root. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = tempDir();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

describe('this tree', () => {
  test('keeps to the architecture', () => {
    expect(breachesIn(SRC)).toEqual([]);
  });

  test('bundles its workflows out of workflows and domain, and of nothing that is not in the sandbox', async () => {
    const { files, strangers } = await bundledModules(join(SRC, 'workflows/index.ts'));
    expect(strangers).toEqual([]);
    expect(files).toContain(join(SRC, 'workflows/golden-image.ts'));
    const elsewhere = files.filter((file) => !/^(?:workflows|domain)\//.test(file.slice(SRC.length + 1)));
    expect(elsewhere).toEqual([]);
  });
});

/** A tree that uses what is allowed, in every way it may be written. */
const SOUND = {
  'domain/names.ts':
    "export const TAG = { run: 'assay:run' } as const; export const process = (at: Date): number => at.getTime();",
  'domain/run.ts':
    "import { TAG } from './names'; export const tag = TAG; export const at = (ms: number) => new Date(ms);",
  'adapters/ports.ts': "import type { tag } from '../domain/run'; export interface Images { tag: typeof tag }",
  'adapters/aws/images.ts':
    "import { EC2Client } from '@aws-sdk/client-ec2'; import type { Images } from '../ports'; export { EC2Client };",
  'adapters/evidence/s3.ts': "import { S3Client } from '@aws-sdk/client-s3'; export { S3Client };",
  'adapters/spinnaker/gate.ts':
    "import axios from 'axios'; import { randomUUID } from 'node:crypto'; export { axios, randomUUID };",
  'activities/index.ts':
    "import { Context } from '@temporalio/activity'; import type { Images } from '../adapters/ports'; export { Context };",
  'workflows/index.ts':
    "import { sleep } from '@temporalio/workflow'; import { type Activities } from '../activities'; import { tag } from '../domain/run'; export { sleep, tag };",
  'client/runs.ts':
    "import { Client } from '@temporalio/client'; import type { run } from '../workflows'; export { Client };",
  'config/load.ts': "import { z } from 'zod'; export const all = process.env; export { z };",
  'dev/start.ts': "export const testing = require.resolve('@temporalio/testing');",
  'worker/workers.ts': "export const workflowsPath = require.resolve('../workflows');",
  'simulator/index.ts': "import { createServer } from 'node:http'; export { createServer };",
  'contract/suite.ts':
    "import { TAG } from '../domain/names'; import { request } from 'node:http'; export { TAG, request };",
  'http/app.ts': "import fastify from 'fastify'; import { Client } from '../client/runs'; export { fastify, Client };",
  'cli/doctor.ts': "import '../contract/suite';",
  'cli/demo.ts': "import '../simulator'; import '../dev/start'; import '../client/runs'; export const x = 1;",
  'worker.ts':
    "import { Worker } from '@temporalio/worker'; import './adapters/aws/images'; import './activities'; export { Worker };",
  'server.ts': "import './http/app'; import './client/runs'; import './config/load'; export const x = 1;",
  'cli.ts': "#!/usr/bin/env node\nimport './cli/demo';",
};

/** One breach each, laid over the sound tree: where, what, and the rule that it breaks. */
const BREACHES: readonly (readonly [name: string, file: string, code: string, rule: Rule])[] = [
  ['domain imports an adapter', 'domain/x.ts', "import type { Images } from '../adapters/ports';", 'inward'],
  ['an adapter imports an activity', 'adapters/aws/x.ts', "import type { a } from '../../activities';", 'inward'],
  ['an activity imports a workflow', 'activities/x.ts', "export * from '../workflows';", 'inward'],
  [
    'an activity imports a concrete adapter',
    'activities/x.ts',
    "import type { a } from '../adapters/aws/images';",
    'inward',
  ],
  ['a workflow imports the client', 'workflows/x.ts', "import type { a } from '../client/runs';", 'inward'],
  [
    'a workflow imports a concrete adapter',
    'workflows/x.ts',
    "import { EC2Client } from '../adapters/aws/images';",
    'inward',
  ],
  ['the client imports http', 'client/x.ts', "import '../http/app';", 'inward'],
  ['http imports a concrete adapter', 'http/x.ts', "import { a } from '../adapters/aws/images';", 'inward'],
  ['http imports cli', 'http/x.ts', "import { a } from '../cli/demo';", 'inward'],
  ['config imports the client', 'config/x.ts', "import { a } from '../client/runs';", 'inward'],
  ['http imports dev', 'http/x.ts', "import { a } from '../dev/start';", 'inward'],
  ['dev imports the client', 'dev/x.ts', "import { a } from '../client/runs';", 'inward'],
  ['the worker imports dev', 'worker.ts', "import './dev/start';", 'inward'],
  ['the server imports dev dynamically', 'server.ts', "void import('./dev/start');", 'inward'],
  ['the server imports the contract', 'server.ts', "import './contract/suite';", 'inward'],
  ['the contract imports the client', 'contract/x.ts', "import '../client/runs';", 'inward'],
  ['the simulator imports an adapter', 'simulator/x.ts', "import '../adapters/aws/images';", 'inward'],

  ['a value crosses from client to workflows', 'client/x.ts', "import { run } from '../workflows';", 'types only'],
  [
    'a value crosses from workflows to activities',
    'workflows/x.ts',
    "import { a } from '../activities';",
    'types only',
  ],
  ['one value among types crosses', 'workflows/x.ts', "import { type A, b } from '../activities';", 'types only'],
  ['a default crosses beside types', 'workflows/x.ts', "import a, { type B } from '../activities';", 'types only'],
  ['a namespace crosses', 'workflows/x.ts', "import * as a from '../activities';", 'types only'],
  ['a value is handed on', 'client/x.ts', "export { run } from '../workflows';", 'types only'],
  [
    'a value crosses from activities to ports',
    'activities/x.ts',
    "import { a } from '../adapters/ports';",
    'types only',
  ],
  ['a value is required', 'activities/x.ts', "import a = require('../adapters/ports');", 'types only'],
  ['a value is required the old way', 'worker.ts', "export const a = require('./workflows');", 'types only'],
  ['an import for its effect crosses', 'client/x.ts', "import '../workflows';", 'types only'],
  ['http takes values from config', 'http/x.ts', "import { all } from '../config/load';", 'types only'],

  ['a command imports a door', 'cli/x.ts', "import '../worker';", 'door'],
  ['a door imports a door', 'cli.ts', "import './server';", 'door'],
  ['http imports the door of its name', 'http/x.ts', "import type { x } from '../cli';", 'door'],

  ['the worker imports the simulator', 'worker.ts', "import './simulator';", 'simulator'],
  ['an adapter imports the simulator', 'adapters/aws/x.ts', "import type { a } from '../../simulator';", 'simulator'],
  ['another command imports the simulator', 'cli/run.ts', "import '../simulator';", 'simulator'],
  ['a command with a similar name does', 'cli/devious.ts', "import '../simulator';", 'simulator'],

  ['an activity imports an AWS SDK', 'activities/x.ts', "import { EC2 } from '@aws-sdk/client-ec2';", 'owner'],
  [
    'a type of an AWS SDK counts too',
    'adapters/spinnaker/x.ts',
    "import type { EC2 } from '@aws-sdk/client-ec2';",
    'owner',
  ],
  ['the evidence store imports more than S3', 'adapters/evidence/x.ts', "import '@aws-sdk/client-ec2';", 'owner'],
  ['the AWS adapter imports axios', 'adapters/aws/x.ts', "import axios from 'axios';", 'owner'],
  ['the CLI imports axios', 'cli/x.ts', "import axios from 'axios/dist/node/axios.cjs';", 'owner'],
  ['http imports Temporal', 'http/x.ts', "import { Client } from '@temporalio/client';", 'owner'],
  ['the server imports the Temporal client', 'server.ts', "import { Client } from '@temporalio/client';", 'owner'],
  ['an activity imports the worker SDK', 'activities/x.ts', "import { Worker } from '@temporalio/worker';", 'owner'],
  ['an activity imports the workflow SDK', 'activities/x.ts', "import { sleep } from '@temporalio/workflow';", 'owner'],
  ['a workflow imports the activity SDK', 'workflows/x.ts', "import { Context } from '@temporalio/activity';", 'owner'],
  ['an internal path of the SDK counts too', 'http/x.ts', "import '@temporalio/client/lib/connection';", 'owner'],
  ['the client imports fastify', 'client/x.ts', "import fastify from 'fastify';", 'owner'],
  ['an activity imports zod', 'activities/x.ts', "import { z } from 'zod';", 'owner'],
  ['a package is named by its path', 'activities/x.ts', "export const a = require.resolve('axios');", 'owner'],
  ['a type is taken in passing', 'activities/x.ts', "export type A = import('zod').ZodError;", 'owner'],
  ['domain imports a package', 'domain/x.ts', "import { z } from 'zod';", 'owner'],
  ['domain imports Temporal', 'domain/x.ts', "import { ApplicationFailure } from '@temporalio/common';", 'owner'],
  ['a package that nobody owns', 'adapters/aws/x.ts', "import _ from 'lodash';", 'owner'],

  ['domain imports a Node module', 'domain/x.ts', "import { createHash } from 'node:crypto';", 'no Node'],
  ['a workflow imports a Node module', 'workflows/x.ts', "import type { Stats } from 'fs';", 'no Node'],
  ['a workflow imports a Node submodule', 'workflows/x.ts', "import { readFile } from 'fs/promises';", 'no Node'],

  ['an adapter reads the environment', 'adapters/aws/x.ts', 'export const a = process.env.AWS_REGION;', 'environment'],
  ['a door reads the environment', 'worker.ts', 'export const a = process.env;', 'environment'],
  ['by its other spelling', 'cli/x.ts', "export const a = process['env'].HOME;", 'environment'],
  ['by destructuring', 'cli/x.ts', 'const { env } = process; export { env };', 'environment'],
  ['by the module', 'cli/x.ts', "import { env } from 'node:process'; export { env };", 'environment'],
  ['by the global object', 'cli/x.ts', 'export const a = globalThis.process.env;', 'environment'],

  ['domain asks the clock', 'domain/x.ts', 'export const a = (): number => Date.now();', 'pure domain'],
  ['domain makes a date of now', 'domain/x.ts', 'export const a = (): Date => new Date();', 'pure domain'],
  ['domain throws dice', 'domain/x.ts', 'export const a = (): number => Math.random();', 'pure domain'],
  ['domain waits', 'domain/x.ts', 'export const a = (): unknown => setTimeout(() => 1, 1);', 'pure domain'],
  ['domain speaks to the network', 'domain/x.ts', "export const a = (): unknown => fetch('http://x');", 'pure domain'],
  ['domain prints', 'domain/x.ts', "export const a = (): void => console.log('x');", 'pure domain'],
  ['domain has a variable', 'domain/x.ts', 'export let count = 0;', 'pure domain'],

  ['a folder that nobody planned', 'utils/x.ts', 'export const a = 1;', 'unknown place'],
  ['a file at the top that is no door', 'helpers.ts', 'export const a = 1;', 'unknown place'],
  ['the product imports its tests', 'adapters/aws/x.ts', "import '../../../test/setup/helpers';", 'out of the tree'],
];

describe('the checker', () => {
  test('finds nothing in a sound tree', () => {
    expect(breachesIn(tree(SOUND))).toEqual([]);
  });

  test.each(BREACHES)('finds that %s', (_name, file, code, rule) => {
    const found = breachesIn(tree({ ...SOUND, [file]: `\n${code}\n` }));
    expect(found.map((breach) => breach.rule)).toEqual([rule]);
    expect(found[0]?.at).toMatch(new RegExp(`^${file}:[12]$`));
  });
});

describe('a workflow bundle', () => {
  const bundle = (code: string): ReturnType<typeof bundledModules> => {
    const root = tree({
      'index.ts': code,
      'adapters/gate.ts': "import axios from 'axios'; export const get = axios.get;",
    });
    symlinkSync(join(__dirname, '../node_modules'), join(root, 'node_modules'));
    return bundledModules(join(root, 'index.ts'));
  };

  test('with a stranger in it is found out, however far behind the import it sits', async () => {
    const code = "import { XMLParser } from 'fast-xml-parser'; export async function run() { return new XMLParser(); }";
    expect((await bundle(code)).strangers).toContain('fast-xml-parser');
  });

  test.each([
    ['axios', "import { get } from './adapters/gate'; export async function run() { return get; }", 'axios'],
    [
      'AWS',
      "import { STSClient } from '@aws-sdk/client-sts'; export async function run() { return STSClient; }",
      '@aws-sdk/client-sts',
    ],
  ])('with %s in it is found out', async (_name, code, name) => {
    expect((await bundle(code)).strangers).toContain(name);
  });

  test.each(['node:fs', 'fs', 'fs/promises', 'node:crypto', 'child_process'])(
    'with the Node module %s in it is refused',
    async (name) => {
      await expect(bundle(`import * as it from '${name}'; export async function run() { return it; }`)).rejects.toThrow(
        /disallowed|Webpack finished with errors/,
      );
    },
  );
});
