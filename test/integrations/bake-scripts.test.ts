/** The scripts of the Packer template, run in their order on made-up machines. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onPath } from '../../src/dev/executable';
import { tempDir } from '../setup/helpers';
import { text } from './pack';

const SCRIPTS = [...text('packer/golden.pkr.hcl').matchAll(/\/(scripts\/\w+\.sh)"/g)].map(([, path = '']) => path);

interface Machine {
  readonly packages: 'apt' | 'dnf';
  readonly snaps?: readonly string[];
  /** Packages that are there from the start. */
  readonly installed?: readonly string[];
}

/** Programs of the kind that the scripts only look at files with. */
const REAL = ['cat', 'chmod', 'find', 'grep', 'mkdir', 'rm', 'truncate'];

/** Each writes down how it was called. A unit can only be enabled or stopped when something has brought it. */
const PROGRAMS = {
  common: {
    systemctl: `case "$1 $2" in
      list-unit-files*) grep -qx "\${2%.service}" "$ROOT/installed" && echo "$2 enabled"; exit 0;;
      *auditd*) grep -qxE 'auditd?' "$ROOT/installed";;
      *snap.amazon-ssm-agent.amazon-ssm-agent.service) grep -qx amazon-ssm-agent "$ROOT/snaps";;
      *) unit=\${3:-$2}; grep -qx "\${unit%.service}" "$ROOT/installed";;
    esac`,
    sshd: '[ "$1" = -t ] && [ -s "$ROOT/etc/ssh/sshd_config.d/00-golden.conf" ]',
    passwd: ':',
    sync: ':',
    'cloud-init': ':',
  },
  apt: {
    'apt-get': `for word; do case "$word" in -*) ;; install) to=1;; purge) to=;; *) [ -z "\${to-}" ] || echo "$word" >> "$ROOT/installed";; esac; done`,
    dpkg: 'grep -qx "$2" "$ROOT/installed"',
  },
  dnf: {
    dnf: `[ "$1" != install ] || for word; do echo "$word" >> "$ROOT/installed"; done`,
    rpm: 'grep -qx "$2" "$ROOT/installed"',
  },
  snap: {
    snap: 'case "$1" in list) grep -qx "$2" "$ROOT/snaps";; install) echo "$2" >> "$ROOT/snaps";; esac',
  },
} as const;

/** Runs all scripts; gives back which calls they made, and where their files are. */
function bake({ packages, snaps, installed = [] }: Machine, env: Readonly<Record<string, string>> = {}) {
  const root = tempDir();
  const write = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  const programs = { ...PROGRAMS.common, ...PROGRAMS[packages], ...(snaps && PROGRAMS.snap) };
  for (const [name, body] of Object.entries(programs))
    write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >> "$ROOT/calls"\n${body}\n`, 0o755);
  for (const name of REAL) symlinkSync(onPath(name, process.env) ?? `no ${name}`, join(root, 'bin', name));
  write('installed', installed.map((name) => `${name}\n`).join(''));
  write('snaps', (snaps ?? []).map((name) => `${name}\n`).join(''));
  for (const path of ['etc/apt/sources.list.d', 'etc/sysctl.d', 'var/lib/amazon/ssm'])
    mkdirSync(join(root, path), { recursive: true });
  write('etc/shadow', 'root:*\n');
  write('etc/machine-id', 'of the builder\n');
  write('etc/ssh/ssh_host_ed25519_key', 'key');
  write('var/log/auth.log', 'who built it\n');
  write('var/lib/amazon/ssm/registration', 'the builder');
  write('home/ubuntu/.ssh/authorized_keys', 'key of Packer');
  for (const script of SCRIPTS) {
    // Nothing outside of the folder may be touched: these scripts empty logs and remove keys.
    const inside = text(`packer/${script}`).replace(/(?<![\w/.-])\/(?=(?:etc|var|root|home)\/)/g, `${root}/`);
    write(script, inside);
    execFileSync('/bin/sh', [join(root, script)], {
      stdio: 'pipe',
      env: { PATH: join(root, 'bin'), ROOT: root, ...env },
    });
  }
  const lines = (path: string): readonly string[] => readFileSync(join(root, path), 'utf8').trim().split('\n');
  return {
    calls: lines('calls'),
    installed: lines('installed'),
    snaps: lines('snaps'),
    at: (path: string) => join(root, path),
  };
}

const SNAP = 'snap.amazon-ssm-agent.amazon-ssm-agent.service';

test.each<[string, Machine, string]>([
  ['an Ubuntu that has the agent as a snap', { packages: 'apt', snaps: ['amazon-ssm-agent'] }, SNAP],
  ['an Ubuntu without the agent', { packages: 'apt', snaps: [] }, SNAP],
  ['a Debian that has it as a package', { packages: 'apt', installed: ['amazon-ssm-agent'] }, 'amazon-ssm-agent'],
  ['an Amazon Linux', { packages: 'dnf' }, 'amazon-ssm-agent'],
])('%s is hardened, audited, and forgets its builder', (_, machine, unit) => {
  const { calls, installed, at } = bake(machine, { PACKAGE_TYPE: machine.packages === 'apt' ? 'deb' : 'rpm' });
  expect(installed).toEqual(expect.arrayContaining([machine.packages === 'apt' ? 'auditd' : 'audit', 'rsyslog']));
  expect(calls).toEqual(
    expect.arrayContaining([
      `systemctl enable ${unit}`,
      `systemctl stop ${unit}`,
      'systemctl enable auditd',
      'sshd -t',
    ]),
  );
  for (const path of ['sysctl.d/90-golden.conf', 'audit/rules.d/golden.rules'])
    expect(readFileSync(at(`etc/${path}`), 'utf8')).not.toBe('');
  for (const path of ['etc/machine-id', 'var/log/auth.log']) expect(readFileSync(at(path), 'utf8')).toBe('');
  for (const path of [
    'etc/ssh/ssh_host_ed25519_key',
    'var/lib/amazon/ssm/registration',
    'home/ubuntu/.ssh/authorized_keys',
  ])
    expect(existsSync(at(path))).toBe(false);
});

test('a snap that is there is not installed again', () => {
  expect(bake({ packages: 'apt', snaps: ['amazon-ssm-agent'] }).calls.join()).not.toContain('snap install');
  expect(bake({ packages: 'apt', snaps: [] }).snaps).toEqual(['amazon-ssm-agent']);
});

test('where there is neither the agent nor a way to install it, the bake fails', () => {
  expect(() => bake({ packages: 'apt' })).toThrow(/choose a base image that has one/);
});

test.each<[Machine['packages'], string, string]>([
  ['apt', 'deb', 'nginx=1.4'],
  ['dnf', 'rpm', 'nginx-1.4'],
])('by %s, what the bake asks for is installed, and what no server needs goes', (packages, type, wanted) => {
  const { calls, installed } = bake(
    { packages, snaps: [], installed: ['telnet', 'cups'] },
    {
      PACKAGE_TYPE: type,
      PACKAGES: 'nginx',
      PACKAGE_VERSION: '1.4',
      UPGRADE: 'true',
      REPOSITORY: 'https://deb.example.com/ stable main',
    },
  );
  expect(installed).toContain(wanted);
  expect(calls).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/(purge --yes|remove --assumeyes) telnet$/),
      expect.stringMatching(/upgrade/),
      'systemctl disable --now cups.service',
      'systemctl mask cups.service',
    ]),
  );
});
