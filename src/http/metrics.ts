/** Numbers for Prometheus, in a registry of their own. */
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** `route` is the pattern, never the address: addresses are without number. */
  observe(request: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly ms: number;
  }): void;
  readonly contentType: string;
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'assay_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers: [registry],
  });
  return {
    observe: ({ method, route, status, ms }) => duration.observe({ method, route, status: String(status) }, ms / 1000),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
