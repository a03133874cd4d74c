import { loopbacks } from '../../fabric/index.ts';
import { type Check, type Found, someLines } from '../finding.ts';

/** NE415: a next hop with unknown BGP distance (`rt_get_igp_metric` of BIRD): all paths to it count as equal, longer ones too. */
export const hiddenDistance: Check = ({ fabric }) =>
  fabric.routers
    .filter(({ planned, loopback }) => !planned && loopback === 'e2')
    .flatMap((router): Found[] => {
      const hidden = loopbacks(router).map(({ text }) => text);
      if (hidden.length === 0) return [];
      return [
        {
          id: 'NE415',
          severity: 'warning',
          path: [...router.path, 'loopback'],
          message: `the loopback of ${router.name} is an OSPF E2 external: BGP sees no distance to it`,
          evidence: [
            ...someLines(hidden),
            'another router that announces the same pods looks equally close, so traffic is shared with it',
          ],
          fix: 'Announce it as a stub network or as E1, and set loopback: stub or e1.',
        },
      ];
    });
