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
  openssl(
    0,
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-subj',
    `/CN=${name}`,
  );
  return {
    cert: readFileSync(at('ca.crt'), 'utf8'),
    issue: (subject, shift = 0) => {
      const of = (end: string) => at(`${subject}${shift}.${end}`);
      writeFileSync(of('ext'), 'subjectAltName=IP:127.0.0.1\n');
      const asked = ['req', ...NEW_KEY, '-keyout', of('key'), '-out', of('csr'), '-subj', `/CN=${subject}`];
      openssl(shift, ...asked);
      const signed = ['x509', '-req', '-in', of('csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key')];
      openssl(shift, ...signed, '-CAcreateserial', '-days', '30', '-extfile', of('ext'), '-out', of('crt'));
      return { key: readFileSync(of('key'), 'utf8'), cert: readFileSync(of('crt'), 'utf8') };
    },
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Its own option for the day is not in Debian's version yet. */
function openssl(shift: number, ...args: string[]): void {
  const faked = ['-f', `${shift < 0 ? '-' : '+'}${Math.abs(shift)}d`, 'openssl', ...args];
  const { status, stderr } = spawnSync('faketime', faked, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}
