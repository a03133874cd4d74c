import type { Fabric, RouterSpeaker } from './fabric.ts';

/** What a machine is known by as a router of noencap's. */
export interface RouterName {
  readonly network: string;
  readonly name: string;
  readonly id: string;
}

export const routerName = ({ name: network }: Pick<Fabric, 'name'>, router: RouterSpeaker): RouterName => ({
  network,
  name: router.name,
  id: router.routerId.text,
});

/** As a machine has it written down. */
export const markOf = ({ network, name, id }: RouterName): string => `${network}/${name}/${id}`;

/** Whether a machine that is marked as one router takes what is for the other: two of three are the same, as identity.sh wants it. */
export const isMeant = (marked: RouterName, meant: RouterName): boolean =>
  (['network', 'name', 'id'] as const).filter((what) => marked[what] === meant[what]).length >= 2;
