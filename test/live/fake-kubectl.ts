import { readFileSync, writeFileSync } from 'node:fs';
import { answer, type FakeCluster } from './fake-cluster.ts';

// kubectl for tests of the command line: the cluster is the file that FAKE_CLUSTER names.
const file = process.env.FAKE_CLUSTER ?? '';
const cluster = JSON.parse(readFileSync(file, 'utf8')) as FakeCluster;
const args = process.argv.slice(2);
const { code, stdout, stderr } = answer(cluster, args, args.includes('-') ? readFileSync(0, 'utf8') : '');
writeFileSync(file, JSON.stringify(cluster));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code ?? 1;
