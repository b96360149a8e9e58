import type { CutKind, Direction } from '../support/fault-proxy/direction.ts';
import type { CloseAtMessage, CloseRewrite, MessageLimit, Shape } from '../support/fault-proxy/rules.ts';
import type { UpgradeAnswer } from '../support/fault-proxy/upgrade-answer.ts';

/** What a message is made from. */
export type Form = 'string' | 'array-buffer' | 'view' | 'transferred' | 'blob' | 'stream' | 'text-stream';

/**
 * What is to become of a message: it is delivered; its sender gives it up, by `abort()` or by a signal; its stream fails;
 * or its receiver rejects it.
 */
export type Fate = 'delivered' | 'aborted' | 'signalled' | 'source-fails' | 'rejected';

/** One message of a schedule. */
export interface MessagePlan {
  readonly id: string;
  readonly channel: string;
  readonly form: Form;
  readonly byteLength: number;
  /** Of its content. */
  readonly seed: number;
  readonly priority: 'high' | 'auto' | 'low';
  /** Undefined: nothing goes with it, and it is known by its content. */
  readonly meta: { readonly id: string; readonly more?: string } | undefined;
  /** Between the message before and this one; 0: in the same turn. */
  readonly gapMs: number;
  readonly fate: Fate;
  /** From sending to giving up. */
  readonly fateAfterMs: number;
}

/** How the messages of a channel are taken: by a listener of `message`, or in one of the ways of `incoming`. */
export type TakeKind = 'message' | 'buffer' | 'text' | 'blob' | 'stream' | 'slow-stream';

/** A time in which nobody listens. */
export interface Span {
  readonly atMs: number;
  readonly forMs: number;
}

/** What one end sends, and how it takes what the other one sends. */
export interface EndPlan {
  readonly messages: readonly MessagePlan[];
  /** By channel of the other end. */
  readonly takes: Readonly<Record<string, TakeKind>>;
  readonly pauses: readonly Span[];
}

/** What happens to one connection, or to one direction of it. */
export type ConnectionFault =
  | {
      readonly kind: 'cut';
      readonly direction: Direction;
      readonly afterBytes: number;
      readonly how: CutKind;
      /** Which of the two ends is told; the other one has to find out. */
      readonly told: 'both' | 'client' | 'server';
    }
  | {
      readonly kind: 'stall';
      readonly direction: Direction;
      readonly afterBytes: number;
      /** 0: for as long as there are faults. */
      readonly forMs: number;
    }
  | {
      readonly kind: 'half-open';
      readonly direction: Direction;
      readonly afterBytes: number;
      readonly isBothWays: boolean;
    }
  | { readonly kind: 'shape'; readonly shape: Shape; readonly direction: Direction | undefined }
  | { readonly kind: 'close'; readonly rule: CloseAtMessage }
  | { readonly kind: 'upgrade'; readonly answer: UpgradeAnswer };

/** A limit that the path has from some time on. */
export interface LimitStep {
  readonly atMs: number;
  readonly limit: MessageLimit;
}

/** Everything that goes wrong in a schedule. */
export interface FaultPlan {
  /** Counted from the first connection on, as all times are. From then on nothing goes wrong any more, but for limits: those are the path. */
  readonly quietAtMs: number;
  /** Of the first connections, one after the other. */
  readonly connections: readonly (readonly ConnectionFault[])[];
  readonly limits: readonly LimitStep[];
  readonly rewrites: readonly CloseRewrite[];
  readonly refusals: readonly Span[];
  /** Every connection is closed with that code, or cut. */
  readonly endings: readonly { readonly atMs: number; readonly how: number | CutKind }[];
  /** The server leaves, and another one takes its place. */
  readonly leaveAtMs: number | undefined;
  /** Nobody is told of the `maxPayload` of the `ws` server. */
  readonly secretPayloadBytes: number | undefined;
}

/** What a schedule is about. */
export type ScheduleKind =
  | 'cuts'
  | 'closes'
  | 'upgrades'
  | 'slow'
  | 'silent'
  | 'limit'
  | 'silent-limit'
  | 'server-limit'
  | 'leave'
  | 'pauses'
  | 'mixed';

/** One schedule, as both ends and the faults between them know it. */
export interface SchedulePlan {
  readonly seed: number;
  readonly index: number;
  readonly kind: ScheduleKind;
  /** How much faster time passes for both ends: where nobody is told, it takes 10 s to notice. */
  readonly timeScale: number;
  readonly binaryType: 'arraybuffer' | 'uint8array' | 'blob';
  readonly maxPacketBytes: number;
  /** The page sends before it is connected. */
  readonly isEager: boolean;
  readonly page: EndPlan;
  readonly server: EndPlan;
  readonly faults: FaultPlan;
  readonly closer: 'page' | 'server';
}
