import { bundleWorkflowCode } from '@temporalio/worker';

const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What the workflow sandbox itself consists of; anything else from node_modules got in by somebody's import. */
const SANDBOX = [
  '@temporalio/workflow',
  '@temporalio/common',
  '@temporalio/worker',
  '@temporalio/proto',
  'long',
  'ms',
  'nexus-rpc',
];

/** Names of files that webpack put into the workflow bundle. Throws where a Node module is imported, as the SDK does. */
async function bundledFiles(workflowsPath: string): Promise<readonly string[]> {
  const names = new Set<string>();
  await bundleWorkflowCode({
    workflowsPath,
    logger: silent,
    webpackConfigHook: (config) => ({
      ...config,
      plugins: [
        ...(config.plugins ?? []),
        (compiler) =>
          compiler.hooks.compilation.tap('modules', (compilation) =>
            compilation.hooks.finishModules.tap('modules', (modules) => {
              for (const module of modules) names.add(module.nameForCondition() ?? module.identifier());
            }),
          ),
      ],
    }),
  });
  return [...names];
}

/** Files of our own in the workflow bundle, and packages in it that are no part of the sandbox. */
export async function bundledModules(
  workflowsPath: string,
): Promise<{ readonly files: readonly string[]; readonly strangers: readonly string[] }> {
  const all = await bundledFiles(workflowsPath);
  const packages = all.flatMap((name) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []);
  return {
    files: all.filter((name) => name.endsWith('.ts') && !name.includes('node_modules/')),
    strangers: [...new Set(packages)].filter((name) => !SANDBOX.includes(name)).sort(),
  };
}
