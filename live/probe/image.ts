/** Has sh and iputils, for amd64 and arm64. */
export const PROBE_IMAGE =
  'docker.io/nicolaka/netshoot:v0.13@sha256:a20c2531bf35436ed3766cd6cfe89d352b050ccc4d7005ce6400adf97503da1b';
