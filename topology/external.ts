import { matching, quoted, text } from './fields.ts';

/** Things outside the topology that it refers to: registries, repositories, images, releases, files on a router. */

/** 1 to 65535. */
const PORT = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const HOST = `[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:${PORT})?`;
/** Path components of the OCI distribution specification: one separator between words, any number of `-`. */
const IMAGE_PATH = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';

/** `host[:port][/path]`: the operator adds the trailing slash itself. */
export const registry = matching(
  'Registry host, with port and path if needed; no scheme, no trailing slash.',
  new RegExp(`^${HOST}(/${IMAGE_PATH})*$`),
  'registry',
  'is not a valid registry',
  'Write host, host:port or host/path, without scheme or trailing slash, such as quay.io.',
  200,
);

/** A key of `registryMirrors`: whose images are mirrored. `*` is K3s' wildcard for every registry. */
export const mirroredRegistry = matching(
  'Registry host whose images are mirrored, or "*" for every registry.',
  new RegExp(`^(\\*|${HOST})$`),
  'registry',
  'is not a valid registry host',
  'Write host or host:port without scheme or path, such as docker.io, or "*".',
  200,
);

export const mirrorEndpoint = text(
  'Mirror URL, http or https, without credentials.',
  {
    pattern: '^https?://',
    errorMessage: 'This is not an http or https URL. Write https://host[:port][/path].',
    examples: ['https://mirror.example'],
  },
  (value, complain) => {
    const url = parseURL(value, /^https?:$/);
    if (url === undefined) {
      return complain(
        'url',
        `${quoted(value)} is not an http or https URL`,
        'Write https://host[:port][/path].',
      );
    }
    return hasSecret(url)
      ? complain(
          'url-credentials',
          `the URL of ${url.host} contains credentials`,
          'Keep them out of git: K3s reads them from the configs section of registries.yaml on the node.',
        )
      : value;
  },
);

/** What Argo CD and Flux clone. A token in this URL would end up in git and in every manifest made from it. */
export const repositoryURL = text(
  'Git repository that the GitOps engine reads: https://, ssh:// or git@host:path, without credentials.',
  { examples: ['https://github.com/example/home-fabric.git'] },
  (value, complain) => {
    if (/^[a-z][a-z0-9_-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9._~/][A-Za-z0-9._~/-]*$/.test(value))
      return value;
    const url = parseURL(value, /^(https|ssh):$/);
    if (url === undefined || !/^\/[^/-]/.test(url.pathname)) {
      return complain(
        'repo-url',
        `${quoted(value)} is not a repository URL`,
        'Write https://host/path, ssh://git@host/path or git@host:path.',
      );
    }
    return hasSecret(url)
      ? complain(
          'url-credentials',
          `the URL of ${url.host} contains credentials`,
          'Keep them out of git: Argo CD and Flux take them from a Secret.',
        )
      : value;
  },
);

/** A browser's parser accepts what git, curl and containerd reject: the text itself must look like a URL. */
function parseURL(value: string, protocol: RegExp): URL | undefined {
  const looks =
    /^[a-z]+:\/\/([^\s/@]+@)?[A-Za-z0-9[][^\s/]*(\/[!-~]*)?$/.test(value) &&
    !/%[01]|%7f|%(?![0-9A-F]{2})/i.test(value);
  const url =
    looks && /^[!-~]+$/.test(value) && !/["'`\\<>{}|^$;&]/.test(value) && URL.canParse(value)
      ? new URL(value)
      : undefined;
  return url !== undefined &&
    protocol.test(url.protocol) &&
    url.hostname !== '' &&
    url.hash === '' &&
    url.search === ''
    ? url
    : undefined;
}

/** ssh needs a user name; anything else before the `@` is a secret. */
const hasSecret = (url: URL): boolean =>
  url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:');

/** git-check-ref-format(1), and no leading `-`, so that it is never parsed as an option. */
export const gitRevision = text(
  'Branch, full commit, or tag. Flux needs to know which: write a tag that does not look like v1.2.3 as refs/tags/NAME.',
  { examples: ['main', 'v1.2.0'] },
  (value, complain) =>
    /^[A-Za-z0-9_][A-Za-z0-9_.\-/+@#]*$/.test(value) &&
    !/\.\.|\/\/|@\{|\/\.|\.lock(\/|$)|[./]$/.test(value) &&
    value.length <= 200
      ? value
      : complain(
          'git-revision',
          `${quoted(value)} is not a git revision`,
          'Write a branch, a tag or a commit, such as main.',
        ),
);

export const imageReference = matching(
  'Container image: [host[:port]/]path[:tag][@sha256:digest].',
  new RegExp(
    `^(${HOST}/)?${IMAGE_PATH}(/${IMAGE_PATH})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$`,
  ),
  'image',
  'is not an image reference',
  'Write [host/]path[:tag][@sha256:digest], such as registry.k8s.io/kubectl:v1.34.5.',
  400,
);

export const k3sRelease = matching(
  'K3s release, such as v1.34.5+k3s1.',
  /^v1\.(2[0-9]|[3-9][0-9])\.(0|[1-9][0-9]{0,2})(-rc[1-9][0-9]?)?\+k3s(0|[1-9][0-9]?)$/,
  'k3s-version',
  'is not a K3s release',
  'Write the release as K3s tags it, such as v1.34.5+k3s1.',
);

export const sha256 = matching(
  'SHA-256 of the file, in lower-case hex.',
  /^[0-9a-f]{64}$/,
  'sha256',
  'is not a SHA-256',
  'Write the 64 hex digits that sha256sum prints, in lower case.',
);

/** Relative to the topology file and below it: synth must read the same bytes on every machine. */
export const relativePath = text(
  'Path relative to the topology file, inside its folder.',
  { examples: ['vendor/tigera-operator-v3.26.1.yaml'] },
  (value, complain) =>
    /^[A-Za-z0-9_.+@-]+(\/[A-Za-z0-9_.+@-]+)*$/.test(value) && !value.split('/').includes('..')
      ? value
      : complain(
          'path-relative',
          `${quoted(value)} is not a path inside the topology's folder`,
          'Write a relative path without "..", with letters, digits and "_.+@-" only.',
        ),
);

const ABSOLUTE_FORM =
  'Start with "/", use letters, digits and "_.+@-", no "." or ".." parts and no trailing slash.';

/** Ends up in BIRD's configuration and in shell scripts: only characters that both read literally. */
export const absolutePath = text(
  'Absolute path.',
  {
    pattern: '^/[A-Za-z0-9_.+@/-]*$',
    errorMessage: `This is not a usable absolute path. ${ABSOLUTE_FORM}`,
  },
  (value, complain) =>
    /^(\/[A-Za-z0-9_.+@-]+)+$/.test(value) && !value.split('/').some((part) => part === '..' || part === '.')
      ? value
      : complain('path-absolute', `${quoted(value)} is not a usable absolute path`, ABSOLUTE_FORM),
);

/** A host or user on ssh's command line: a leading `-` would be an option. */
export const sshHost = matching(
  'Host name or address that ssh connects to.',
  /^([A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*[0-9A-Fa-f][0-9A-Fa-f:.]*)$/,
  'ssh-host',
  'is not a host for ssh',
  'Write a host name or an address: letters, digits and ".-_:", not starting with "-".',
  253,
);

export const sshUser = matching(
  'Login name on the router.',
  /^[a-z_][a-z0-9_.-]*$/,
  'ssh-user',
  'is not a login name',
  'Use lower-case letters, digits and "_.-", starting with a letter, at most 32.',
  32,
);

/** A key in a Secret's data. */
export const secretKey = matching(
  "Key in the Secret's data.",
  /^(?!\.\.?$|\.\.)[-._A-Za-z0-9]+$/,
  'secret-key',
  'is not a valid Secret key',
  'Use letters, digits and "-_.".',
  253,
);
