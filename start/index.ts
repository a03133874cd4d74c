export {
  type Answers,
  DEFAULTS,
  ENGINES,
  type Engine,
  LINKS,
  type Link,
  MOST_SITES,
  nameFrom,
  ROUTERS,
  type RouterKind,
} from './answers.ts';
export { startFiles } from './files.ts';
export { LINK_KINDS } from './links.ts';
export { networkOf } from './network.ts';
export { type OwnedChange, ownedFiles, parseRecord, RECORD, recordText, upgradeOf } from './owned.ts';
export { askedVersion, withPackagePins } from './package-pins.ts';
export { CHART_PACKAGES, TOOL_PACKAGES, type Versions } from './project-files.ts';
export { STARTER } from './starter.ts';
export { FIRST_K3S, placeholderURL, topologyText } from './topology-text.ts';
export { WORKFLOWS } from './workflows.ts';
