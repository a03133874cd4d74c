import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** An authority in a folder of its own, as a cluster has one. */
export interface Authority {
  readonly cert: string;
  /** A certificate for 127.0.0.1 or for a client, made `shift` days from now and valid for 30 days. */
  issue(name: string, shift?: number): Identity;
}

export function authority(folder: string, name = 'noencap test'): Authority {
  const at = (file: string) => join(folder, file);
  openssl('req', '-x509', ...NEW_KEY, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', `/CN=${name}`);
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('serial'), '01\n');
  writeFileSync(at('ca.cnf'), configuration(folder));
  return {
    cert: readFileSync(at('ca.crt'), 'utf8'),
    issue: (subject, shift = 0) => {
      const of = (end: string) => at(`${subject}${shift}.${end}`);
      writeFileSync(of('ext'), 'subjectAltName=IP:127.0.0.1\n');
      openssl('req', ...NEW_KEY, '-keyout', of('key'), '-out', of('csr'), '-subj', `/CN=${subject}`);
      const signing = ['ca', '-batch', '-notext', '-config', at('ca.cnf')];
      const dates = ['-startdate', day(shift), '-enddate', day(shift + 30)];
      openssl(...signing, ...dates, '-extfile', of('ext'), '-in', of('csr'), '-out', of('crt'));
      return { key: readFileSync(of('key'), 'utf8'), cert: readFileSync(of('crt'), 'utf8') };
    },
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** `openssl x509` cannot choose the first day of a certificate yet where Debian 12 runs; `openssl ca` can. */
const configuration = (folder: string): string => `[ca]
default_ca = own
[own]
database = ${folder}/index.txt
serial = ${folder}/serial
new_certs_dir = ${folder}
certificate = ${folder}/ca.crt
private_key = ${folder}/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`;

/** So many days from now, less an hour: clocks of two programs need not agree to the second. */
const day = (shift: number): string =>
  new Date(Date.now() + shift * 86_400_000 - 3_600_000).toISOString().replace(/[-:T]|\.\d+/g, '');

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}
