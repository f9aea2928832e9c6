/** The only reader of the environment. Everybody else is given what it needs. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's own environment, as it is now: for children, and for the readers below. */
export const environment = (): Environment => process.env;

/** Where the config file is: `ASSAY_CONFIG`, else `./assay.yaml`. */
export const configPath = (env: Environment): string => env['ASSAY_CONFIG'] || 'assay.yaml';

/** Level of the log: `ASSAY_LOG`, else `info`. */
export const logLevel = (env: Environment): string => env['ASSAY_LOG'] || 'info';

/** What people's commands speak to, where it is given by the environment. */
export const apiAccess = (
  env: Environment,
): { readonly url: string | undefined; readonly key: string | undefined } => ({
  url: env['ASSAY_URL'],
  key: env['ASSAY_KEY'],
});

/** Base of the Temporal UI, for links: `ASSAY_TEMPORAL_UI`. Temporal's own environment does not name it. */
export const temporalUi = (env: Environment): string | null => env['ASSAY_TEMPORAL_UI'] || null;

/** Where profiles are: the XDG Base Directory Specification. */
export const configHome = (env: Environment): string => env['XDG_CONFIG_HOME'] || `${env['HOME'] ?? '.'}/.config`;
