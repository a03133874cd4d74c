import { z } from 'zod';
import { BIRD_WORDS } from '../bird/words.ts';
import { matching, text } from './fields.ts';

/** The name of something else in the file. A rule checks that it exists; its syntax is checked where it is defined. */
export const reference = z.string().describe('The name of something else in this file.');

/** RFC 1123 label: what Kubernetes, BIRD file names and host names have in common. */
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const LOWER_CASE =
  'Use lower-case letters, digits and "-", at most 63, starting and ending with a letter or digit.';

/** Name of a router, a host, a segment or the topology itself. */
export const machineName = matching(
  'Lower-case letters, digits and "-", at most 63 characters.',
  DNS_LABEL,
  'name',
  'is not a valid name',
  LOWER_CASE,
  63,
);

/** Name of a Kubernetes object other than a node: Secret, BGPFilter. */
export const objectName = matching(
  'A Kubernetes object name (DNS subdomain).',
  DNS_SUBDOMAIN,
  'object-name',
  'is not a valid Kubernetes name',
  'Use lower-case letters, digits, "-" and ".", starting and ending with a letter or digit.',
  253,
);

/** A node's name is also the value of its `kubernetes.io/hostname` label: 63 characters in all, not per label. */
export const nodeName = matching(
  'The name under which the node joins Kubernetes: DNS subdomain, at most 63 characters.',
  DNS_SUBDOMAIN,
  'node-name',
  'is not a valid node name',
  'Use lower-case letters, digits, "-" and ".", at most 63, each part starting and ending with a letter or digit.',
  63,
);

/** A region is a label value as written, and part of BGPPeer names in lower case. */
export const regionName = matching(
  'Letters of either case, digits, "-" and ".": a Kubernetes label value, and in lower case part of BGPPeer names.',
  /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/,
  'region-name',
  'is not a valid region name',
  'Use letters, digits, "-" and ".", at most 63, starting and ending with a letter or digit.',
  63,
);

const LABEL_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const LABEL_FORM =
  'Use name or prefix/name: letters, digits, "-", "_" and ".", the name at most 63 characters.';

/** Key of a node label, `name` or `prefix/name`. Kubernetes reserves its own prefixes. */
export const labelKey = text(
  'A Kubernetes label key, with or without a prefix.',
  {
    pattern: '^([^/]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
    errorMessage: `This is not a label key. ${LABEL_FORM}`,
    examples: ['region', 'example.com/region'],
  },
  (value, complain) => {
    const parts = value.split('/');
    const name = parts.at(-1) ?? '';
    const prefix = parts.length === 2 ? parts[0] : undefined;
    if (
      parts.length > 2 ||
      !LABEL_NAME.test(name) ||
      name.length > 63 ||
      (prefix !== undefined && (!DNS_SUBDOMAIN.test(prefix) || prefix.length > 253))
    ) {
      return complain('label-key', `"${value}" is not a valid label key`, LABEL_FORM);
    }
    return prefix !== undefined && /(^|\.)(kubernetes|k8s)\.io$/.test(prefix)
      ? complain(
          'label-reserved',
          `"${value}" has a prefix that Kubernetes reserves`,
          `Use ${name}, or a prefix of your own, such as example.com/${name}.`,
        )
      : value;
  },
);

/** Key of a label on an object of the cluster, `name` or `prefix/name`: other programs choose these, so Kubernetes' own prefixes are allowed. */
export const objectLabel = matching(
  'A Kubernetes label key, with or without a prefix.',
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  'label-key',
  'is not a valid label key',
  LABEL_FORM,
  317,
);

export const objectLabelValue = matching(
  'A Kubernetes label value.',
  /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  'label-value',
  'is not a valid label value',
  'Use letters, digits, "-", "_" and ".", at most 63, starting and ending with a letter or digit.',
  63,
);

/** A valid Linux interface name, without characters that BIRD or a shell would read differently. */
export const interfaceName = matching(
  "An interface's name, at most 15 characters.",
  /^[A-Za-z0-9_@:][A-Za-z0-9_.\-@:]*$/,
  'interface-name',
  'is not a valid interface name',
  'Use at most 15 letters, digits and "_.-@:".',
  15,
);

/**
 * How calico-node selects interfaces by name: Go regular expressions (RE2), separated by commas. They need not match
 * the whole name.
 */
export const interfacePattern = matching(
  "A regular expression that matches part of the interface's name, or several separated by commas.",
  /^(?!.*\\[1-9])[A-Za-z0-9_.\-@:*+?^$|()[\]\\, ]+$/,
  'interface-name',
  'is not a valid interface name pattern',
  'Write a name or a regular expression, such as eth0 or ^(eth|ens).',
);

const SYMBOL_FORM =
  'Use letters, digits and "_", at most 64, not starting with a digit, and not a BIRD keyword.';

/** A symbol of the BIRD configuration language, at most 64 characters (measured on 2.0.12); or one predefined BIRD name. */
const symbolOr = (made: string | undefined) =>
  text(
    'A BIRD symbol: letters, digits and "_", not starting with a digit, at most 64 characters.',
    {
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      errorMessage: `This is not a BIRD symbol. ${SYMBOL_FORM}`,
      maxLength: 64,
    },
    (value, complain) =>
      value === made || isSymbol(value)
        ? value
        : complain('bird-symbol', `"${value}" is not a valid BIRD symbol`, SYMBOL_FORM),
  );

/** BIRD's lexer reads 32 or more hex digits as a byte string. */
const isSymbol = (value: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) &&
  value.length <= 64 &&
  !/^[0-9A-Fa-f]{32,}$/.test(value) &&
  !BIRD_WORDS.has(value);

export const birdSymbol = symbolOr(undefined);

/** A table: also BIRD's predefined one, which a router may have used so far. */
export const birdTable = { ipv4: symbolOr('master4'), ipv6: symbolOr('master6') } as const;

const PROTOCOL_FORM = 'Use letters, digits and "_.:-", at most 64, and not a BIRD keyword.';

/** Name of a protocol, which BIRD also accepts in single quotes: there it may contain "-", "." and ":". */
export const protocolName = text(
  'Name of a BIRD protocol: letters, digits and "_.:-", at most 64 characters.',
  {
    pattern: '^[A-Za-z0-9_.:-]+$',
    errorMessage: `This is not a name of a BIRD protocol. ${PROTOCOL_FORM}`,
    maxLength: 64,
  },
  (value, complain) =>
    /^[A-Za-z0-9_.:-]{1,64}$/.test(value) && !BIRD_WORDS.has(value)
      ? value
      : complain('bird-symbol', `"${value}" is not a valid BIRD protocol name`, PROTOCOL_FORM),
);
