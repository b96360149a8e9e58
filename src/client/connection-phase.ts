/**
 * Where the way to the server stands:
 *
 * | from | to | when |
 * |---|---|---|
 * | waiting | opening | the delay is over, or cut short: URL and `auth` are asked for, and a WebSocket is made |
 * | opening | greeting | the WebSocket opened and HELLO went out |
 * | greeting | up | WELCOME brought a session; not if it said `gone`: then a second HELLO went out |
 * | any other | waiting | the connection was lost |
 */
export type ConnectionPhase = 'waiting' | 'opening' | 'greeting' | 'up';
