/** What a scan of an image gives, by its base. */
import { CENTOS, UBUNTU_24, type Cve } from './cves';

export type ProfileName = 'debian-13-slim' | 'ubuntu-24' | 'centos-7' | 'scratch-linux';

export interface Profile {
  readonly findings: readonly Cve[];
  /** Whether Inspector knows the operating system. */
  readonly scannable: boolean;
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  'debian-13-slim': { findings: [], scannable: true },
  'ubuntu-24': { findings: UBUNTU_24, scannable: true },
  'centos-7': { findings: CENTOS, scannable: true },
  'scratch-linux': { findings: [], scannable: false },
};

/** The profile of a base; any that is not known is taken for an Ubuntu 24.04. */
export const profileOf = (baseOs: string | undefined): ProfileName =>
  baseOs !== undefined && Object.hasOwn(PROFILES, baseOs) ? (baseOs as ProfileName) : 'ubuntu-24';

const KNOWN: ReadonlyMap<string, Cve> = new Map([...UBUNTU_24, ...CENTOS].map((one) => [one.id, one]));

/** A finding by its id; one that the data set does not have is a medium one in a package of the same name. */
export const findingNamed = (id: string): Cve =>
  KNOWN.get(id) ?? {
    id,
    severity: 'MEDIUM',
    score: 5,
    epss: 0.01,
    exploit: false,
    package: `package-of-${id.toLowerCase()}`,
    installed: '1.0.0-1',
    fixed: '1.0.1-1',
    summary: 'Made up for a test',
  };
