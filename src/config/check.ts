/** What the form of a config cannot say: what is not there yet, and what does not fit together. */
import type { ConfigFile, LineFile } from './schema';

const LATER = 'is not supported yet';

/** Faults of a config whose form is right. */
export function configFaults(config: ConfigFile): string[] {
  const faults: string[] = [];
  if ('bucket' in config.evidence) faults.push(`evidence.bucket: ${LATER}; use evidence.directory`);
  if (config.access.oidc !== undefined) faults.push(`access.oidc: ${LATER}; use access.keys`);
  if (config.access.roles.breakGlass.length > 0) faults.push(`access.roles.breakGlass: ${LATER}`);
  faults.push(
    ...repeated(config.access.keys.map(({ id }) => id)).map((id) => `access.keys: the id ${id} is there twice`),
  );
  faults.push(
    ...repeated(config.access.keys.map(({ sha256 }) => sha256)).map(
      () => 'access.keys: two entries have the same sha256',
    ),
  );
  for (const [name, line] of Object.entries(config.lines)) {
    faults.push(...lineFaults(line, config).map((fault) => `lines.${name}.${fault}`));
  }
  return faults;
}

function lineFaults(line: LineFile, config: ConfigFile): string[] {
  const faults: string[] = [];
  const { bake, deploy, publish, approval } = line;
  if (bake?.encrypt !== undefined) faults.push(`bake.encrypt: ${LATER}`);
  if (deploy && 'ec2' in deploy) faults.push(`deploy.ec2: ${LATER}; use a deploy pipeline`);
  if (line.schedule !== undefined) faults.push(`schedule: ${LATER}`);
  const elsewhere = publish.regions?.filter((region) => region !== line.region) ?? [];
  if (elsewhere.length > 0) faults.push(`publish.regions: publication outside ${line.region} ${LATER}`);
  if (publish.regions && !publish.regions.includes(line.region))
    faults.push(`publish.regions: must name the line's own region ${line.region}`);
  if ((publish.share?.accounts.length ?? 0) > 0) faults.push(`publish.share.accounts: ${LATER}`);
  if ((publish.share?.organizations.length ?? 0) > 0) faults.push(`publish.share.organizations: ${LATER}`);
  if ((bake || (deploy && 'pipeline' in deploy)) && !config.spinnaker)
    faults.push('bake and deploy need spinnaker in the config');
  for (const [index, assessor] of line.assess.entries()) {
    const names = Object.keys(assessor);
    if (names.length !== 1) faults.push(`assess[${index}]: must name one assessor`);
    else if (names[0] !== 'inspector2') faults.push(`assess[${index}].${names[0]}: ${LATER}; use inspector2`);
  }
  if (line.assess.filter((assessor) => 'inspector2' in assessor).length > 1)
    faults.push('assess: inspector2 is there twice');
  const { approver } = config.access.roles;
  const asked = Object.keys(approval.groups);
  if (asked.length === 0) faults.push('approval.groups: must ask somebody');
  if (approver.length === 0) faults.push('approval: access.roles.approver names no group, so nobody could approve');
  else
    for (const group of asked)
      if (group !== '*' && !approver.includes(group))
        faults.push(`approval.groups.${group}: is not in access.roles.approver, so nobody could approve`);
  return faults;
}

const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];
