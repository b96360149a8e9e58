/** How a proxy or gateway treats WebSockets, and where that is set. */
export interface GatewayOption {
  /** The proxy, gateway or service. */
  gateway: string;
  /** What a handshake gets while the server behind it is down; `undefined` where nobody measured it. */
  whenDown: string | undefined;
  /** Settings that end or refuse connections; `undefined` where the times are fixed. */
  option: string | undefined;
  /** What to know beside that. */
  note?: string;
}

/**
 * The settings of common proxies and gateways, those that one runs oneself first. None of them sends 1014: a page sees
 * 1006 in place of what stands here.
 */
export const gatewayOptions: readonly GatewayOption[] = [
  {
    gateway: 'nginx',
    whenDown: '502; 504 when the server hangs',
    option:
      'proxy_http_version 1.1 and the headers Upgrade and Connection; proxy_connect_timeout, proxy_read_timeout, proxy_send_timeout; worker_shutdown_timeout',
    note: 'proxy_read_timeout is 60 s unless it is raised; a reload cuts only with worker_shutdown_timeout',
  },
  {
    gateway: 'HAProxy',
    whenDown: '503, after 3 retries of 1 s each; 504 when the server hangs',
    option: 'timeout connect, retries, timeout tunnel, hard-stop-after',
    note: 'a reload cuts only with hard-stop-after',
  },
  {
    gateway: 'Apache',
    whenDown: '503, or 502 when the server accepts and closes or hangs',
    option: 'ProxyPass with upgrade=websocket, or mod_proxy_wstunnel; ProxyTimeout',
    note: 'ProxyTimeout is not applied to an open tunnel',
  },
  {
    gateway: 'Caddy',
    whenDown: '502; 504 when the server hangs',
    option: undefined,
    note: 'closes with 1001 when its configuration is reloaded, and when it stops',
  },
  { gateway: 'lighttpd', whenDown: '503, 502 or 500; 504 when the server hangs', option: undefined },
  { gateway: 'Varnish', whenDown: 'a reset, without an answer', option: 'pipe_timeout' },
  { gateway: 'Squid', whenDown: '502; 504 when the server hangs', option: undefined },
  {
    gateway: 'node http-proxy (dev servers of Vite and webpack)',
    whenDown: 'a reset, without an answer; nothing at all when the server hangs',
    option: undefined,
    note: 'may never pass a 1009 on after tens of megabytes',
  },
  {
    gateway: 'Kong Gateway',
    whenDown: undefined,
    option: 'client_max_payload and upstream_max_payload of the websocket-size-limit plugin',
    note: 'speaks WebSocket itself: 1009 to the side that sent too much, 1001 to the other',
  },
  {
    gateway: 'AWS API Gateway',
    whenDown: undefined,
    option: undefined,
    note: 'ends connections after 10 minutes without traffic, and after 2 hours in any case',
  },
  {
    gateway: 'Google Cloud load balancers',
    whenDown: undefined,
    option: 'timeout of the backend service',
    note: 'is the life of a connection, 30 s unless it is raised',
  },
  {
    gateway: 'Google Cloud Run',
    whenDown: undefined,
    option: 'request timeout',
    note: 'ends connections after 5 minutes, at most after 60',
  },
  {
    gateway: 'Heroku',
    whenDown: undefined,
    option: undefined,
    note: 'ends connections after 55 s without traffic',
  },
  {
    gateway: 'Cloudflare',
    whenDown: undefined,
    option: undefined,
    note: 'ends connections when it releases new software; users see 1006',
  },
];
