export { explainClose } from './protocol/close-code-guide.ts';
export type { CloseExplanation } from './protocol/close-code-guide.ts';
