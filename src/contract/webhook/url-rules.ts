/**
 * Which addresses Orca lets its users name (`user-configured-url-restrictions`, UserConfiguredUrlRestrictions in orca-core):
 * by default a name with a dot, none of the domains inside, no address instead of a name, and not this machine.
 */
import { isIP } from 'node:net';

export interface UrlRule {
  /** What Spinnaker holds against the address. */
  readonly fault: string;
  /** What its operator has to set in `user-configured-url-restrictions` to have it all the same. */
  readonly relax: string;
}

/** `excludedDomains` by default. */
const EXCLUDED = ['spinnaker', 'local', 'localdomain', 'internal'];

/** Every default rule that an absolute URL breaks. */
export function urlRules(url: string): readonly UrlRule[] {
  const { protocol, hostname } = new URL(url);
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const found: UrlRule[] = [];
  if (!/^https?:$/.test(protocol))
    found.push({ fault: `${protocol.slice(0, -1)} is neither http nor https`, relax: 'allowedSchemes' });
  const local = isLocal(name);
  if (local) found.push({ fault: `${name} is this machine itself`, relax: 'rejectLocalhost: false' });
  if (isIP(name) > 0) {
    found.push({ fault: `${name} is an address, not a name`, relax: 'rejectVerbatimIps: false' });
    if (/^169\.254\.|^fe[89ab][0-9a-f]:/.test(name))
      found.push({ fault: `${name} is link-local`, relax: 'rejectLinkLocal: false' });
    return found;
  }
  // A name that stands for this machine passes before the names are looked at, once it is allowed.
  if (local) return found;
  if (!/.\../.test(name)) found.push({ fault: `${name} has no dot`, relax: 'allowedHostnamesRegex: .*' });
  const domain = EXCLUDED.find((one) => name === one || name.endsWith(`.${one}`));
  if (domain !== undefined)
    found.push({ fault: `${name} ends in .${domain}`, relax: `excludedDomains without ${domain}` });
  return found;
}

const isLocal = (name: string): boolean => name === 'localhost' || name === '::1' || /^127\./.test(name);
