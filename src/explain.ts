export { explainClose } from './protocol/close-code-guide.ts';
export type { CloseExplanation } from './protocol/close-code-guide.ts';
export type { GatewayOption } from './protocol/gateway-options.ts';
export type { SizeOption } from './protocol/size-options.ts';
