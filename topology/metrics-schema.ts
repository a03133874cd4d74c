import { z } from 'zod';
import { machineName, objectLabel, objectLabelValue } from './names.ts';

/** Its presence is the switch: without it nothing is rendered. */
export const metrics = z
  .strictObject({
    namespace: machineName
      .describe('Namespace of Prometheus and Grafana. noencap does not create it.')
      .prefault('monitoring'),
    labels: z
      .record(objectLabel, objectLabelValue)
      .describe(
        "Labels by which Prometheus selects its rules and scrape configurations: {release: NAME} with the Helm chart kube-prometheus-stack's defaults.",
      )
      .prefault({}),
  })
  .describe(
    'Alerts and recording rules for Prometheus and a dashboard for Grafana, in a layer of their own. Needs the Prometheus Operator: see docs/metrics.md.',
  );
