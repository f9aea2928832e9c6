/**
 * Real vulnerabilities of packages that machine images are made of, so that pages and reports look like life. Ids, packages and
 * fixed versions are those of the distributions' advisories (Ubuntu Security Notices, Red Hat Security Advisories); scores and
 * severities follow NVD and the vendors; EPSS values are rounded snapshots.
 */
export type CveSeverity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW' | 'INFORMATIONAL' | 'UNTRIAGED';

export interface Cve {
  readonly id: string;
  readonly severity: CveSeverity;
  /** CVSS 3 base score. */
  readonly score: number;
  /** Exploit prediction, 0 to 1. */
  readonly epss: number;
  /** An exploit is publicly known. */
  readonly exploit: boolean;
  readonly package: string;
  readonly installed: string;
  /** Null: the vendor has no fix. */
  readonly fixed: string | null;
  readonly summary: string;
}

type Row = readonly [
  id: string,
  severity: CveSeverity,
  score: number,
  epss: number,
  exploit: 0 | 1,
  name: string,
  installed: string,
  fixed: string | null,
  summary: string,
];

const cve = ([id, severity, score, epss, exploit, name, installed, fixed, summary]: Row): Cve => ({
  id,
  severity,
  score,
  epss,
  exploit: exploit === 1,
  package: name,
  installed,
  fixed,
  summary,
});

/** An Ubuntu 24.04 as it was released, without its updates: highs and mediums, most of them fixable, no critical. */
const NOBLE: readonly Row[] = [
  ['CVE-2024-6387', 'HIGH', 8.1, 0.48, 1, 'openssh-server', '1:9.6p1-3ubuntu13', '1:9.6p1-3ubuntu13.3', 'Signal handler race in sshd (regreSSHion)'],
  ['CVE-2024-2961', 'HIGH', 7.3, 0.91, 1, 'libc6', '2.39-0ubuntu8', '2.39-0ubuntu8.1', 'Out-of-bounds write in iconv, ISO-2022-CN-EXT'],
  ['CVE-2024-2398', 'HIGH', 8.6, 0.02, 0, 'libcurl4t64', '8.5.0-2ubuntu10', '8.5.0-2ubuntu10.1', 'Memory leak with HTTP/2 server push'],
  ['CVE-2025-31115', 'HIGH', 8.7, 0.01, 0, 'xz-utils', '5.6.1+really5.4.5-1', '5.6.1+really5.4.5-1ubuntu0.2', 'Use after free in the threaded .xz decoder'],
  ['CVE-2024-48990', 'HIGH', 7.8, 0.03, 1, 'needrestart', '3.6-7ubuntu4.1', '3.6-7ubuntu4.3', 'Local privilege escalation by PYTHONPATH'],
  ['CVE-2024-6119', 'HIGH', 7.5, 0.04, 0, 'libssl3t64', '3.0.13-0ubuntu3', '3.0.13-0ubuntu3.4', 'Denial of service in X.509 name checks'],
  ['CVE-2022-49043', 'HIGH', 8.1, 0.01, 0, 'libxml2', '2.9.14+dfsg-1.3ubuntu3', '2.9.14+dfsg-1.3ubuntu3.1', 'Use after free in xmlXIncludeAddNode'],
  ['CVE-2024-45490', 'HIGH', 7.5, 0.02, 0, 'libexpat1', '2.6.1-2build1', '2.6.1-2ubuntu0.1', 'Negative length accepted by XML_ParseBuffer'],
  ['CVE-2025-26465', 'MEDIUM', 6.8, 0.62, 0, 'openssh-client', '1:9.6p1-3ubuntu13', '1:9.6p1-3ubuntu13.8', 'Host can be impersonated when VerifyHostKeyDNS is on'],
  ['CVE-2025-0395', 'MEDIUM', 6.2, 0.01, 0, 'libc6', '2.39-0ubuntu8', '2.39-0ubuntu8.4', 'Buffer overflow in assert()'],
  ['CVE-2024-7264', 'MEDIUM', 6.5, 0.03, 0, 'libcurl4t64', '8.5.0-2ubuntu10', '8.5.0-2ubuntu10.2', 'Out-of-bounds read in the ASN.1 date parser'],
  ['CVE-2024-8096', 'MEDIUM', 6.5, 0.01, 0, 'libcurl4t64', '8.5.0-2ubuntu10', '8.5.0-2ubuntu10.4', 'OCSP stapling bypassed with GnuTLS'],
  ['CVE-2024-9143', 'MEDIUM', 4.3, 0.01, 0, 'libssl3t64', '3.0.13-0ubuntu3', '3.0.13-0ubuntu3.5', 'Out-of-bounds access with untrusted GF(2^m) curves'],
  ['CVE-2024-50602', 'MEDIUM', 5.9, 0.01, 0, 'libexpat1', '2.6.1-2build1', '2.6.1-2ubuntu0.2', 'Crash in XML_ResumeParser'],
  ['CVE-2024-28834', 'MEDIUM', 5.3, 0.01, 0, 'libgnutls30t64', '3.8.3-1.1ubuntu3', '3.8.3-1.1ubuntu3.1', 'Timing side channel in deterministic ECDSA'],
  ['CVE-2024-12133', 'MEDIUM', 5.3, 0.01, 0, 'libtasn1-6', '4.19.0-3build1', '4.19.0-3ubuntu0.24.04.1', 'Slow parsing of certificates with many elements'],
  ['CVE-2025-4598', 'MEDIUM', 4.7, 0.01, 0, 'systemd', '255.4-1ubuntu8', '255.4-1ubuntu8.8', 'Race in systemd-coredump'],
  ['CVE-2025-1390', 'MEDIUM', 6.1, 0.01, 0, 'libcap2', '1:2.66-5ubuntu2', '1:2.66-5ubuntu2.2', 'pam_cap takes a user for a group'],
  ['CVE-2024-41957', 'MEDIUM', 5.3, 0.01, 0, 'vim', '2:9.1.0016-1ubuntu7', '2:9.1.0016-1ubuntu7.2', 'Double free when the tag stack is cleared'],
  ['CVE-2016-2781', 'LOW', 3.4, 0.01, 0, 'coreutils', '9.4-3ubuntu6', null, 'chroot can inject input into the parent session'],
  ['CVE-2022-3219', 'LOW', 3.3, 0.01, 0, 'gnupg', '2.4.4-2ubuntu17', null, 'Slow handling of keys with many signatures'],
  ['CVE-2024-11053', 'LOW', 3.4, 0.01, 0, 'libcurl4t64', '8.5.0-2ubuntu10', '8.5.0-2ubuntu10.6', 'netrc password leaked on a redirect'],
];

/** A CentOS 7 far behind its last updates: criticals, several with exploits in the wild. */
const CENTOS_7: readonly Row[] = [
  ['CVE-2014-6271', 'CRITICAL', 9.8, 0.94, 1, 'bash', '4.2.45-5.el7', '4.2.45-5.el7_0.2', 'Code from environment variables is run (Shellshock)'],
  ['CVE-2014-7169', 'CRITICAL', 9.8, 0.9, 1, 'bash', '4.2.45-5.el7', '4.2.45-5.el7_0.4', 'Shellshock, incomplete first fix'],
  ['CVE-2023-38408', 'CRITICAL', 9.8, 0.67, 1, 'openssh', '7.4p1-16.el7', '7.4p1-23.el7_9', 'Remote code execution by a forwarded ssh-agent'],
  ['CVE-2021-43527', 'CRITICAL', 9.8, 0.08, 0, 'nss', '3.44.0-7.el7_7', '3.67.0-4.el7_9', 'Heap overflow in DER signature verification'],
  ['CVE-2022-37434', 'CRITICAL', 9.8, 0.93, 0, 'zlib', '1.2.7-18.el7', '1.2.7-21.el7_9', 'Heap over-read or overflow in inflate'],
  ['CVE-2022-25235', 'CRITICAL', 9.8, 0.11, 0, 'expat', '2.1.0-12.el7', '2.1.0-14.el7_9', 'Malformed UTF-8 sequences reach the application'],
  ['CVE-2022-25236', 'CRITICAL', 9.8, 0.16, 0, 'expat', '2.1.0-12.el7', '2.1.0-14.el7_9', 'Namespace separators can be injected'],
  ['CVE-2022-25315', 'CRITICAL', 9.8, 0.03, 0, 'expat', '2.1.0-12.el7', '2.1.0-14.el7_9', 'Integer overflow in storeRawNames'],
  ['CVE-2016-4658', 'CRITICAL', 9.8, 0.02, 0, 'libxml2', '2.9.1-6.el7_2.3', '2.9.1-6.el7_9.6', 'Use after free in XPointer ranges'],
  ['CVE-2021-4034', 'HIGH', 7.8, 0.88, 1, 'polkit', '0.112-22.el7', '0.112-26.el7_9.1', 'Local privilege escalation in pkexec (PwnKit)'],
  ['CVE-2021-3156', 'HIGH', 7.8, 0.92, 1, 'sudo', '1.8.23-4.el7', '1.8.23-10.el7_9.1', 'Heap overflow in sudoedit (Baron Samedit)'],
  ['CVE-2019-14287', 'HIGH', 8.8, 0.87, 1, 'sudo', '1.8.23-4.el7', '1.8.23-4.el7_7.1', 'Runas restrictions bypassed by user id -1'],
  ['CVE-2016-5195', 'HIGH', 7.0, 0.94, 1, 'kernel', '3.10.0-327.el7', '3.10.0-327.36.3.el7', 'Race in copy-on-write (Dirty COW)'],
  ['CVE-2021-33909', 'HIGH', 7.8, 0.14, 1, 'kernel', '3.10.0-327.el7', '3.10.0-1160.36.2.el7', 'Out-of-bounds write in seq_file (Sequoia)'],
  ['CVE-2018-14634', 'HIGH', 7.8, 0.11, 1, 'kernel', '3.10.0-327.el7', '3.10.0-862.14.4.el7', 'Integer overflow in create_elf_tables (Mutagen Astronomy)'],
  ['CVE-2019-11477', 'HIGH', 7.5, 0.78, 0, 'kernel', '3.10.0-327.el7', '3.10.0-957.21.3.el7', 'Panic by crafted TCP SACKs (SACK Panic)'],
  ['CVE-2015-7547', 'HIGH', 8.1, 0.93, 1, 'glibc', '2.17-105.el7', '2.17-106.el7_2.4', 'Stack overflow in getaddrinfo'],
  ['CVE-2022-0778', 'HIGH', 7.5, 0.08, 0, 'openssl', '1.0.2k-19.el7', '1.0.2k-25.el7_9', 'Endless loop in BN_mod_sqrt'],
  ['CVE-2021-3712', 'HIGH', 7.4, 0.01, 0, 'openssl', '1.0.2k-19.el7', '1.0.2k-23.el7_9', 'Over-reads with ASN.1 strings'],
  ['CVE-2023-0286', 'HIGH', 7.4, 0.88, 0, 'openssl', '1.0.2k-19.el7', '1.0.2k-26.el7_9', 'Type confusion of X.400 addresses'],
  ['CVE-2018-25032', 'HIGH', 7.5, 0.01, 0, 'zlib', '1.2.7-18.el7', '1.2.7-20.el7_9', 'Memory corruption when deflating'],
  ['CVE-2022-1271', 'HIGH', 8.8, 0.02, 0, 'xz', '5.2.2-1.el7', '5.2.2-2.el7_9', 'Arbitrary file write by xzgrep'],
  ['CVE-2019-12735', 'HIGH', 8.6, 0.57, 1, 'vim-minimal', '7.4.160-5.el7', '7.4.160-6.el7_6', 'Commands run by modelines'],
  ['CVE-2019-3855', 'HIGH', 8.8, 0.06, 0, 'libssh2', '1.4.3-12.el7', '1.4.3-12.el7_6.2', 'Integer overflow in the transport layer'],
  ['CVE-2020-10543', 'HIGH', 8.2, 0.01, 0, 'perl', '4:5.16.3-294.el7_6', '4:5.16.3-299.el7_9', 'Heap overflow in nested quantifiers of expressions'],
  ['CVE-2020-8177', 'HIGH', 7.8, 0.01, 0, 'curl', '7.29.0-57.el7', '7.29.0-59.el7_9.1', 'Local file overwritten with -J'],
  ['CVE-2018-16864', 'HIGH', 7.8, 0.01, 1, 'systemd', '219-62.el7', '219-62.el7_6.2', 'Stack overflow in journald (System Down)'],
  ['CVE-2018-1111', 'HIGH', 7.5, 0.93, 1, 'dhclient', '12:4.2.5-58.el7.centos.3', '12:4.2.5-68.el7.centos.1', 'Commands run by DHCP answers (DynoRoot)'],
  ['CVE-2022-42898', 'HIGH', 8.8, 0.03, 0, 'krb5-libs', '1.15.1-50.el7', '1.15.1-55.el7_9', 'Integer overflow in PAC parsing'],
  ['CVE-2022-29154', 'HIGH', 7.4, 0.01, 0, 'rsync', '3.1.2-10.el7', '3.1.2-11.el7_9', 'Server can write files outside the target'],
  ['CVE-2021-27219', 'HIGH', 7.5, 0.01, 0, 'glib2', '2.56.1-5.el7', '2.56.1-9.el7_9', 'Integer overflow in g_bytes_new'],
  ['CVE-2022-38177', 'HIGH', 7.5, 0.02, 0, 'bind-libs', '32:9.11.4-26.P2.el7', '32:9.11.4-26.P2.el7_9.10', 'Memory leak with ECDSA DNSSEC'],
  ['CVE-2023-50387', 'HIGH', 7.5, 0.43, 0, 'bind-libs', '32:9.11.4-26.P2.el7', '32:9.11.4-26.P2.el7_9.16', 'Exhaustion by DNSSEC answers (KeyTrap)'],
  ['CVE-2018-15473', 'MEDIUM', 5.3, 0.9, 1, 'openssh', '7.4p1-16.el7', '7.4p1-21.el7', 'User names can be found out'],
  ['CVE-2017-5754', 'MEDIUM', 5.6, 0.93, 1, 'kernel', '3.10.0-327.el7', '3.10.0-693.11.6.el7', 'Kernel memory read from user space (Meltdown)'],
  ['CVE-2019-6454', 'MEDIUM', 5.5, 0.01, 0, 'systemd', '219-62.el7', '219-62.el7_6.5', 'Stack overflow by D-Bus messages'],
  ['CVE-2023-40217', 'MEDIUM', 5.3, 0.01, 0, 'python', '2.7.5-86.el7', '2.7.5-94.el7_9', 'TLS handshake bypassed in ssl.SSLSocket'],
  ['CVE-2020-15778', 'HIGH', 7.4, 0.64, 1, 'openssh-clients', '7.4p1-16.el7', null, 'scp runs commands in file names'],
];

export const UBUNTU_24: readonly Cve[] = NOBLE.map(cve);
export const CENTOS: readonly Cve[] = CENTOS_7.map(cve);
