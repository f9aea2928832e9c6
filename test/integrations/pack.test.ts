import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse as parseYaml } from 'yaml';
import { evaluated } from '../../src/contract/webhook/expressions';
import { onPath } from '../../src/dev/executable';
import { STATUSES } from '../../src/domain/run';
import {
  files,
  json,
  PACK,
  pipeline,
  PIPELINES,
  preconfigured,
  PRECONFIGURED,
  text,
  webhookStages,
  yaml,
} from './pack';
import type { Json, Stage } from './pack';
import { load } from '../config/given';

const EXAMPLE = parseYaml(readFileSync(join(__dirname, '..', '..', 'examples', 'assay.yaml'), 'utf8')) as {
  lines: Record<string, { bake: { parameters: Json }; approval: { deadlineHours: number } }>;
};
const [line] = Object.values(EXAMPLE.lines);
const deadlineMs = (line?.approval.deadlineHours ?? NaN) * 3_600_000;

/** Names that the expressions of a value take from `parameters`. */
const parametersIn = (value: unknown): readonly string[] => [
  ...new Set([...JSON.stringify(value).matchAll(/\bparameters\.(\w+)/g)].map(([, name = '']) => name)),
];
const words = (list: unknown): readonly string[] => (typeof list === 'string' ? list.split(',') : []);

describe('the page', () => {
  test('names every file of the pack, and none that is not there', () => {
    const page = text('README.md');
    const linked = [...page.matchAll(/\]\((?!http)([^)]+)\)/g)].map(([, target = '']) => target);
    for (const target of linked) accessSync(join(PACK, target), constants.R_OK);
    const inPack = linked
      .filter((target) => !target.startsWith('..'))
      .map((target) => (target === 'packer/' ? 'packer/golden.pkr.hcl' : target));
    const besides = ['README.md', ...files().filter((file) => file.startsWith('packer/scripts/'))];
    // Links of one row are relative to the folder of its first.
    const named = [...inPack.map((target) => files().find((file) => file.endsWith(target)) ?? target), ...besides];
    expect(files().filter((file) => !named.includes(file))).toEqual([]);
  });

  test('shows YAML that can be read', () => {
    const blocks = [...text('README.md').matchAll(/```yaml\n([\s\S]*?)```/g)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, block = ''] of blocks) expect(parseYaml(block)).toEqual(expect.any(Object));
  });
});

describe.each(PIPELINES)('the pipeline %s', (name) => {
  const { stages, parameterConfig, application } = pipeline(name);

  test('is of the application that the example names, with stages that follow each other', () => {
    expect(application).toBe('goldenami');
    const ids = stages.map(({ refId }) => refId);
    expect(new Set(ids).size).toBe(stages.length);
    for (const { requisiteStageRefIds } of stages)
      expect(ids).toEqual(expect.arrayContaining([...requisiteStageRefIds]));
  });

  test('declares every parameter that it uses, and uses every one that it declares', () => {
    const declared = parameterConfig.map((parameter) => parameter.name);
    expect([...parametersIn(stages)].sort()).toEqual(
      [...declared].filter((one) => !UNUSED[name]?.includes(one)).sort(),
    );
  });

  test('names in its expressions only stages that it has', () => {
    const named = [...JSON.stringify(stages).matchAll(/#stage\('([^']+)'\)/g)].map(([, stage]) => stage);
    expect(stages.map((stage) => stage.name)).toEqual(expect.arrayContaining([...new Set(named)]));
  });
});

/** Parameters that Assay gives to every pipeline and that one has no use for. */
const UNUSED: Partial<Record<(typeof PIPELINES)[number], readonly string[]>> = {
  'bake-golden': ['assayExpires'],
  'destroy-candidate': ['assayRun', 'assayLine', 'assayRegion', 'assayExpires'],
};

describe('the pipelines that Assay starts', () => {
  const OURS = ['assayRun', 'assayLine', 'assayRegion', 'assayExpires'];
  test.each([
    ['bake-golden', [...OURS, ...Object.keys(line?.bake.parameters ?? {})]],
    ['deploy-candidate', [...OURS, 'amiId']],
    ['destroy-candidate', [...OURS, 'account', 'region', 'serverGroupName']],
  ] as const)('%s require nothing but what Assay gives them, and know all of that', (name, given) => {
    const { parameterConfig } = pipeline(name);
    const required = parameterConfig.filter((parameter) => parameter.required).map((parameter) => parameter.name);
    expect(given).toEqual(expect.arrayContaining(required));
    expect(parameterConfig.map((parameter) => parameter.name)).toEqual(expect.arrayContaining([...given]));
  });

  test('put the run on what they make: image and group', () => {
    const [bake] = pipeline('bake-golden').stages;
    expect(bake).toMatchObject({
      type: 'bake',
      rebake: true,
      extendedAttributes: { assay_run: '${parameters.assayRun}' },
    });
    const deploy = pipeline('deploy-candidate').stages.find(({ type }) => type === 'deploy');
    const [cluster, ...more] = deploy?.['clusters'] as readonly { tags: Json; capacity: Json; amiName: string }[];
    expect(more).toEqual([]);
    expect(cluster).toMatchObject({
      amiName: '${parameters.amiId}',
      capacity: { min: 1, max: 1, desired: 1 },
      requireIMDSv2: true,
      associatePublicIpAddress: false,
      tags: {
        'assay:managed': 'true',
        'assay:run': '${parameters.assayRun}',
        'assay:line': '${parameters.assayLine}',
        'assay:expires': '${parameters.assayExpires}',
      },
    });
    expect(cluster).not.toHaveProperty('keyPair');
  });

  test('deploy in no other region than the one that Assay means', () => {
    const [check, deploy] = pipeline('deploy-candidate').stages;
    const [cluster] = deploy?.['clusters'] as readonly {
      availabilityZones: Readonly<Record<string, readonly string[]>>;
    }[];
    const [[region = '', zones = []] = [], ...more] = Object.entries(cluster?.availabilityZones ?? {});
    expect(more).toEqual([]);
    for (const zone of zones) expect(zone.slice(0, -1)).toBe(region);
    expect(deploy?.requisiteStageRefIds).toEqual([check?.refId]);
    // Orca puts ${ } around it by itself (ExpressionPreconditionTask).
    expect(check).toMatchObject({
      type: 'checkPreconditions',
      preconditions: [
        { type: 'expression', context: { expression: `parameters.assayRegion == '${region}'` }, failPipeline: true },
      ],
    });
  });
});

describe.each(webhookStages().map(({ where, stage }) => ({ where, stage })))(
  'the webhook stage in $where',
  ({ stage }) => {
    const lists = ['successStatuses', 'canceledStatuses', 'terminalStatuses'].map((name) => words(stage[name]));

    test('knows every ending, once, in the very words of the API', () => {
      const all = lists.flat();
      expect(new Set(all).size).toBe(all.length);
      expect(STATUSES).toEqual(expect.arrayContaining(all));
      const endings = STATUSES.filter((status) => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL');
      expect(all).toEqual(expect.arrayContaining(endings));
    });

    test('names its own refId where Assay has to know it', () => {
      expect(stage['payload']).toMatchObject({ source: { kind: 'spinnaker', stageRefId: stage.refId } });
      expect(stage['cancelEndpoint']).toMatch(
        new RegExp(`/v1/runs/by-key/\\$\\{execution\\.id\\}-${stage.refId}/cancel$`),
      );
    });

    test('can be cancelled before anything was answered, and tries a proxy’s 504 again', () => {
      expect(stage['cancelEndpoint']).not.toMatch(/webhook|#stage/);
      expect(stage['failFastStatusCodes']).not.toContain(504);
    });

    test('waits longer than people may take, where it waits for them', () => {
      const waits = !words(stage['successStatuses']).includes('AWAITING_APPROVAL');
      expect(stage['stageTimeoutMs']).toBeGreaterThan(waits ? deadlineMs : 3_600_000);
    });
  },
);

test('the manual judgment waits longer than people may take, and is named as the example and the pages say', () => {
  const judgments = pipeline('golden-image-non-blocking').stages.filter(({ type }) => type === 'manualJudgment');
  const example = readFileSync(join(PACK, '../../examples/assay.yaml'), 'utf8').replace(
    '# spinnaker: {',
    'spinnaker: {',
  );
  const after = [...load(example).lines.values()][0]?.spinnaker.afterDecision;
  expect(after).toMatchObject({ kind: 'judgment' });
  const name = after?.kind === 'judgment' ? after.stage : '';
  expect(judgments).toMatchObject([{ name, selectedStageRoles: [] }]);
  for (const page of ['docs/spinnaker.md', 'integrations/spinnaker/README.md'])
    expect(readFileSync(join(PACK, '../..', page), 'utf8')).toContain(`manualJudgment: "${name}"`);
  expect(judgments[0]?.['stageTimeoutMs']).toBeGreaterThan(deadlineMs);
});

describe('the preconfigured stages', () => {
  // orca-webhook, WebhookProperties.PreconfiguredWebhook: anything else fails Orca's start or is ignored.
  const KEYS = [
    ...['type', 'label', 'description', 'enabled', 'method', 'url', 'customHeaders', 'sensitiveHeaders', 'payload'],
    ...['parameters', 'waitForCompletion', 'statusUrlResolution', 'statusUrlJsonPath', 'statusJsonPath'],
    ...['progressJsonPath', 'successStatuses', 'canceledStatuses', 'terminalStatuses', 'failFastStatusCodes'],
    ...['retryStatusCodes', 'waitBeforeMonitor', 'signalCancellation', 'cancelEndpoint', 'cancelMethod'],
    ...['cancelPayload', 'permissions'],
  ];

  test.each(PRECONFIGURED)('%s has only keys that Orca knows, and lists for headers', (file) => {
    const stage = preconfigured(file);
    expect(Object.keys(stage).filter((key) => !KEYS.includes(key))).toEqual([]);
    const headers = { ...stage.customHeaders, ...stage.sensitiveHeaders };
    for (const value of Object.values(headers)) expect(value).toEqual([expect.any(String)]);
    expect(Object.keys(headers).sort()).toEqual(['Content-Type', 'X-API-Key']);
    expect(stage['cancelEndpoint']).not.toMatch(/webhook\.|#stage/);
  });

  test.each([
    ['is not JSON by itself', 'say "no"\n\t\\'],
    ['would name somebody else as who asked', 'x", "requestedBy": "mallory@example.com", "reason": "y'],
    ['would end the request', '"}, "source": {"kind": "ci"}} //'],
  ])('send as it stands whatever somebody types, even if it %s', (_, typed) => {
    for (const file of PRECONFIGURED) {
      const payload = evaluated(preconfigured(file).payload, {
        parameterValues: { line: typed, reason: typed },
        trigger: { user: typed },
        execution: { id: '01HZX3' },
        '#currentStage()': { refId: typed },
      });
      expect(JSON.parse(payload)).toEqual({
        line: typed,
        requestedBy: typed,
        reason: typed,
        source: { kind: 'spinnaker', executionId: '01HZX3', stageRefId: typed },
      });
    }
  });

  test('differ only in where the key is, and in what came with 2026.1', () => {
    const { sensitiveHeaders, retryStatusCodes, customHeaders, ...now } = preconfigured(PRECONFIGURED[0]);
    const { customHeaders: allHeaders, ...before } = preconfigured(PRECONFIGURED[1]);
    expect(before).toEqual(now);
    expect(retryStatusCodes).toEqual([429]);
    expect(allHeaders).toEqual({ ...customHeaders, ...sensitiveHeaders });
    expect(Object.keys(customHeaders)).toEqual(['Content-Type']);
  });

  test('are named by the stage that goes into a pipeline, with parameters that they have', () => {
    const stage = json<Stage & { alias: string; parameterValues: Json }>('stages/preconfigured.json');
    const { type, parameters } = preconfigured(PRECONFIGURED[0]);
    expect(stage).toMatchObject({ type, alias: 'preconfiguredWebhook' });
    expect(Object.keys(stage.parameterValues).sort()).toEqual(parameters.map(({ name }) => name).sort());
    expect(stage['stageTimeoutMs']).toBeGreaterThan(deadlineMs);
  });
});

interface CustomJob {
  readonly type: string;
  readonly propertyFile: string;
  readonly parameters: readonly { readonly name: string; readonly mapping: string }[];
  readonly manifest: {
    readonly metadata: { readonly namespace: string; readonly name?: string; readonly generateName: string };
    readonly spec: { readonly activeDeadlineSeconds: number; readonly template: { readonly spec: PodSpec } };
  };
}
interface PodSpec {
  readonly containers: readonly {
    readonly name: string;
    readonly command: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts: readonly { readonly mountPath: string }[];
  }[];
  readonly volumes: readonly { readonly configMap: { readonly name: string } }[];
}

describe('the custom job stages', () => {
  const jobs = yaml<{ job: { preconfigured: { kubernetes: readonly CustomJob[] } } }>('orca/custom-jobs.yml').job
    .preconfigured.kubernetes;
  const configMap = yaml<{ metadata: { name: string; namespace: string }; data: Record<string, string> }>(
    'jobs/config-map.yml',
  );

  test('are one that asks and one that makes', () => {
    const doing = jobs.map(({ manifest }) =>
      manifest.spec.template.spec.containers[0]?.env.find(({ name }) => name === 'ASSAY_DO'),
    );
    expect(doing.map((env) => env?.value)).toEqual(['approved', 'publish']);
  });

  test.each(jobs)('$type maps its parameter to the line, and reads the log of its container', (job) => {
    const { containers, volumes } = job.manifest.spec.template.spec;
    const [container] = containers;
    for (const { mapping } of job.parameters) {
      const at = mapping
        .match(/[^.[\]]+/g)
        ?.reduce<unknown>((value, step) => (value as Json)[step], { manifest: job.manifest });
      expect(at).toBe('ubuntu-24-base');
    }
    expect(container?.env[0]?.name).toBe('ASSAY_LINE');
    expect(job.propertyFile).toBe(container?.name);
    expect(job.manifest.metadata).toMatchObject({ namespace: configMap.metadata.namespace });
    expect(job.manifest.metadata).not.toHaveProperty('name');
    expect(volumes[0]?.configMap.name).toBe(configMap.metadata.name);
    const script = container?.command[1] ?? '';
    expect(script).toBe(`${container?.volumeMounts[0]?.mountPath}/${Object.keys(configMap.data)[0]}`);
  });

  test('are named by the stage that waits for people, for longer than they may take', () => {
    const stage = json<Stage & { parameters: Json }>('stages/publish-job.json');
    const job = jobs.find(({ type }) => type === stage.type);
    expect(stage).toMatchObject({ type: 'assayPublish', alias: 'preconfiguredJob' });
    expect(Object.keys(stage.parameters)).toEqual(job?.parameters.map(({ name }) => name));
    expect(stage['stageTimeoutMs']).toBeGreaterThan(deadlineMs);
    expect((job?.manifest.spec.activeDeadlineSeconds ?? 0) * 1_000).toBeGreaterThan(deadlineMs);
    // What the page tells to read.
    expect(text('README.md')).toContain(`#stage('${stage.name}').context.propertyFileContents.amiId`);
  });

  test('run the very script that is tested', () => {
    expect(configMap.data).toEqual({ 'assay-job.sh': text('jobs/assay-job.sh') });
  });
});

describe('the Packer template', () => {
  const template = text('packer/golden.pkr.hcl');
  const read = (): Promise<Json> => parseHcl('golden.pkr.hcl', template) as Promise<Json>;

  // Rosco: AWSBakeHandler.buildParameterMap, CloudProviderBakeHandler.producePackerCommand. HCL2 refuses others.
  const ROSCO = [
    ...[
      'aws_region',
      'aws_instance_type',
      'aws_source_ami',
      'aws_target_ami',
      'aws_ssh_username',
      'aws_winrm_username',
    ],
    ...[
      'aws_spot_price',
      'aws_spot_price_auto_product',
      'aws_access_key',
      'aws_secret_key',
      'aws_subnet_id',
      'aws_vpc_id',
    ],
    ...[
      'aws_associate_public_ip_address',
      'aws_ena_support',
      'build_info_url',
      'appversion',
      'repository',
      'package_type',
    ],
    ...['packages', 'build_host', 'upgrade', 'configDir'],
  ];

  test('declares every variable that Rosco passes, and every extended attribute of the bake', async () => {
    const { variable } = (await read()) as { variable: Json };
    const [bake] = pipeline('bake-golden').stages;
    const declared = Object.keys(variable);
    expect(declared).toEqual(expect.arrayContaining([...ROSCO, ...Object.keys(bake?.['extendedAttributes'] as Json)]));
    const used = [...template.matchAll(/\bvar\.(\w+)/g)].map(([, name = '']) => name);
    expect(declared).toEqual(expect.arrayContaining(used));
  });

  test('tags image, snapshots and builder with the run, demands IMDSv2 and encrypts', async () => {
    const { source } = (await read()) as { source: { 'amazon-ebs': { golden: readonly Json[] } } };
    expect(source['amazon-ebs'].golden).toMatchObject([
      {
        tags: '${local.tags}',
        snapshot_tags: '${local.tags}',
        run_tags: '${local.run_tags}',
        encrypt_boot: true,
        imds_support: 'v2.0',
        metadata_options: [{ http_tokens: 'required' }],
      },
    ]);
    expect(template).toMatch(/"assay:run"\s+= var\.assay_run/);
  });

  test('runs scripts that are there, in an order that leaves nothing behind', async () => {
    const { build } = (await read()) as {
      build: readonly [{ provisioner: { shell: readonly [{ scripts: readonly string[] }] } }];
    };
    const scripts = build[0].provisioner.shell[0].scripts.map((path) => path.replace('${var.configDir}', 'packer'));
    expect(scripts.at(-1)).toBe('packer/scripts/clean.sh');
    expect([...scripts].sort()).toEqual(files().filter((file) => file.startsWith('packer/scripts/')));
  });

  const packer = onPath('packer', process.env);
  if (packer === undefined)
    console.warn('There is no Packer on PATH: the template is parsed, not validated by Packer itself.');
  else
    test('is formatted as Packer itself formats', () => {
      execFileSync(packer, ['fmt', '-check', join(PACK, 'packer')], { stdio: 'pipe' });
    });
});

describe('Rosco', () => {
  const rosco = yaml<{
    rosco: { configDir: string; jobs: { local: { timeoutMinutes: number } } };
    bakeAccount: string;
    aws: {
      bakeryDefaults: {
        templateFile: string;
        baseImages: readonly {
          baseImage: { id: string; templateFile: string };
          virtualizationSettings: readonly { region: string; virtualizationType: string; sourceAmi: string }[];
        }[];
      };
    };
  }>('rosco/rosco-local.yml');
  interface Container {
    readonly name: string;
    readonly args?: readonly string[];
    readonly env?: readonly Json[];
    readonly securityContext?: Json;
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }
  const sync = yaml<{
    spec: {
      template: {
        spec: {
          initContainers: readonly [Container & { readonly args: readonly string[] }];
          containers: readonly Container[];
          volumes: readonly { readonly name: string; readonly emptyDir?: Json }[];
        };
      };
    };
  }>('rosco/git-sync.yml').spec.template.spec;
  const syncs = [...sync.initContainers, ...sync.containers.filter(({ name }) => name === 'git-sync')];
  const argument = (args: readonly string[], name: string): string | undefined =>
    args.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3);

  test('has a base image for what the example bakes, of a template that is in the pack', () => {
    const { baseImages, templateFile } = rosco.aws.bakeryDefaults;
    expect(baseImages.map(({ baseImage }) => baseImage.id)).toContain(line?.bake.parameters['baseOs']);
    for (const name of [templateFile, ...baseImages.map(({ baseImage }) => baseImage.templateFile)])
      expect(files()).toContain(`packer/${name}`);
    const [bake] = pipeline('bake-golden').stages;
    expect(bake?.['templateFileName']).toBe(templateFile);
    for (const { virtualizationSettings } of baseImages)
      expect(
        virtualizationSettings.filter(({ virtualizationType }) => virtualizationType === bake?.['vmType']),
      ).not.toEqual([]);
  });

  test('knows with which account to look for the base images that are named', () => {
    const named = rosco.aws.bakeryDefaults.baseImages
      .flatMap(({ virtualizationSettings }) => virtualizationSettings)
      .filter(({ sourceAmi }) => !sourceAmi.startsWith('ami-'));
    expect(named).not.toEqual([]);
    const deploy = pipeline('deploy-candidate').stages.find(({ type }) => type === 'deploy');
    expect(deploy?.['clusters']).toMatchObject([{ account: rosco.bakeAccount }]);
  });

  test('gives a bake no more time than Assay watches for its image by default', () => {
    expect(rosco.rosco.jobs.local.timeoutMinutes).toBeLessThanOrEqual(30);
  });

  test('finds its templates where git-sync puts them, from its first start on', () => {
    const [once] = sync.initContainers;
    const periodic = sync.containers.find(({ name }) => name === 'git-sync')?.args ?? [];
    for (const name of ['repo', 'ref', 'root', 'link'])
      expect(argument(once.args, name)).toBe(argument(periodic, name));
    expect(once.args).toContain('--one-time');
    expect(argument(periodic, 'period')).toMatch(/^\d+s$/);
    expect(rosco.rosco.configDir).toBe(`${argument(once.args, 'link')}/packer`);
    const mounts = sync.containers.find(({ name }) => name === 'rosco')?.volumeMounts ?? [];
    expect(rosco.rosco.configDir.startsWith(mounts[0]?.mountPath ?? '?')).toBe(true);
  });

  // git-sync's main.go makes its git config with os.CreateTemp, and ends where it cannot.
  test('has a git-sync that may write in its home and nowhere else of its own, each time alike', () => {
    expect(syncs).toHaveLength(2);
    for (const { volumeMounts, securityContext } of syncs) {
      expect(securityContext).toEqual(syncs[0]?.securityContext);
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsNonRoot: true });
      const home = volumeMounts.find(({ mountPath }) => mountPath === '/tmp')?.name;
      expect(sync.volumes.find(({ name }) => name === home)).toEqual({ name: home, emptyDir: {} });
    }
    const volumes = sync.volumes.map(({ name }) => name);
    for (const { volumeMounts } of [...syncs, ...sync.containers])
      expect(volumes).toEqual(expect.arrayContaining(volumeMounts.map(({ name }) => name)));
  });

  test('has a git-sync that gets a name and a password, or neither where there is no secret', () => {
    const given = (key: string): object => ({
      valueFrom: { secretKeyRef: { name: 'golden-images-git', key, optional: true } },
    });
    for (const { env } of syncs)
      expect(env).toEqual([
        { name: 'GITSYNC_USERNAME', ...given('username') },
        { name: 'GITSYNC_PASSWORD', ...given('password') },
      ]);
  });
});

test.each(files().filter((file) => file.endsWith('.sh')))(
  '%s is a script that a shell can read, and stops at its first fault',
  (file) => {
    const first = text(file).split('\n', 1)[0] ?? '';
    const shell = basename(first.replace(/^#!/, '').trim());
    expect(['sh', 'bash']).toContain(shell);
    execFileSync(shell, ['-n', join(PACK, file)], { stdio: 'pipe' });
    expect(text(file)).toMatch(/^set -[a-z]*e/m);
    // User data is run by cloud-init, not as a file.
    if (file !== 'user-data.sh') accessSync(join(PACK, file), constants.X_OK);
  },
);
