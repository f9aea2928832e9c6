/** Where the API is, and with which key: from the environment, or from a profile of the person. Never from the command line. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { apiAccess, configHome, type Environment } from '../config/environment';
import { messageOf } from '../domain/errors';
import { keyFault } from './api-key';
import { usage } from './exit';

/** Address and key of an API. */
export interface Access {
  /** Without a slash at its end; may have a path. */
  readonly url: string;
  readonly key: string;
}

const profileSchema = z
  .strictObject({ url: z.string(), key: z.string().min(1).optional(), keyFile: z.string().min(1).optional() })
  .refine(({ key, keyFile }) => (key === undefined) !== (keyFile === undefined), {
    message: 'needs either key or keyFile',
  });

const fileSchema = z.strictObject({
  default: z.string().optional(),
  profiles: z.record(z.string(), profileSchema),
});

/** `$XDG_CONFIG_HOME/assay/config.yaml`, by default under `~/.config`. */
const profilePath = (env: Environment): string => join(configHome(env), 'assay', 'config.yaml');

/**
 * The named profile; without a name both ASSAY_URL and ASSAY_KEY, else the file's default profile. Address and key always come
 * from the same place, so that no key is sent to a server that it is not for.
 */
export function accessOf(env: Environment, name: string | undefined): Access {
  if (name === undefined) {
    const { url, key } = apiAccess(env);
    if (url && key) return checked(url, key, 'ASSAY_URL', 'ASSAY_KEY');
    if (url) throw usage('ASSAY_KEY is not set: it is the API key for ASSAY_URL');
    if (key) throw usage('ASSAY_URL is not set: it is the address that ASSAY_KEY is for');
  }
  return fromProfile(profilePath(env), name);
}

/**
 * The key for an address that was named on the command line: ASSAY_KEY, or that of a profile. Where its own address is known
 * too, it has to be of the same host, so that no key goes to a server that it is not for.
 */
export function contractKey(env: Environment, name: string | undefined, url: string): string {
  const { url: own, key } = apiAccess(env);
  if (name === undefined && key && !own) return key;
  const access = accessOf(env, name);
  if (new URL(access.url).host !== new URL(url).host)
    throw usage(`the key is for ${access.url}, not for ${url}: name another --profile, or set ASSAY_KEY alone`);
  return access.key;
}

function fromProfile(path: string, name: string | undefined): Access {
  const text = read(path, 'the profiles', () =>
    usage(
      name === undefined
        ? `ASSAY_URL and ASSAY_KEY are not set, and there is no ${path}`
        : `there is no profile ${name}: there is no ${path}`,
      ['set ASSAY_URL to the address of an Assay server and ASSAY_KEY to an API key', `or write ${path}: ${EXAMPLE}`],
    ),
  );
  const file = fileSchema.safeParse(parseYaml(text, path));
  if (!file.success)
    throw usage(
      `${path} is faulty`,
      file.error.issues.map(({ path: at, message }) => `${at.map(String).join('.') || 'the file'}: ${message}`),
    );
  const { profiles, default: fallback } = file.data;
  const names = Object.keys(profiles);
  const wanted = name ?? fallback ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined) throw usage(`${path} has several profiles and no default: say which with --profile`);
  const profile = Object.hasOwn(profiles, wanted) ? profiles[wanted] : undefined;
  if (!profile) throw usage(`there is no profile ${wanted} in ${path}; there are: ${names.join(', ') || 'none'}`);
  const at = `profiles.${wanted}`;
  const key = profile.key ?? readKey(resolve(dirname(path), profile.keyFile ?? ''));
  return checked(profile.url, key, `${at}.url`, `${at}.key`);
}

const EXAMPLE = 'profiles: { prod: { url: "https://assay.example.com", keyFile: prod.key } }';

const readKey = (path: string): string => read(path, 'the key', () => usage(`there is no key file ${path}`)).trim();

function read(path: string, what: string, missing: () => Error): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing();
    throw usage(`${what} cannot be read: ${messageOf(error)}`);
  }
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text, { prettyErrors: false });
  } catch {
    // The parser's message may quote the line, and that may hold a key.
    throw usage(`${path} is not valid YAML`);
  }
}

function checked(url: string, key: string, urlName: string, keyName: string): Access {
  const faults: string[] = [];
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) faults.push(`${urlName} is no http or https URL`);
  else if (parsed.username !== '' || parsed.password !== '') faults.push(`${urlName} must not hold a user or password`);
  else if (parsed.search !== '' || parsed.hash !== '') faults.push(`${urlName} must not hold a query or a fragment`);
  const fault = keyFault(key);
  if (fault !== undefined) faults.push(`${keyName} is no API key: ${fault}`);
  if (faults.length > 0 || !parsed) throw usage('the address or the key of the API is not right', faults);
  return { url: `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`, key };
}
