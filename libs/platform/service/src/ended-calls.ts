/**
 * What an ended call leaves behind in a gRPC client.
 *
 * The client keeps the calls of a connection in sets. Of each set V8 makes a new table every few calls, and an old table keeps
 * pointing to the one after it: once one was moved to the old generation, all that follow, and every call in them, live until the
 * old generation is collected, however short they were. And a call holds on to who waited for it, so to its whole request: most of
 * what requests made went that way, through collections that took the longer for it (docs/decisions/0134-ended-calls.md).
 */
import {
  InterceptingCall,
  type Interceptor,
  type InterceptingListener,
  type Metadata,
  type StatusObject,
} from '@grpc/grpc-js';

/** A call that has ended points no longer to who waited for it. For unary calls. */
export const forgetEndedCalls: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      next(metadata, new ForgetfulListener(listener));
    },
  });

// Methods of one parameter: by that the client tells that a listener is to be called directly, without a wrapper that
// would hold on to it.
class ForgetfulListener implements InterceptingListener {
  private listener: InterceptingListener | undefined;

  constructor(listener: InterceptingListener) {
    this.listener = listener;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.listener?.onReceiveMessage(message);
  }

  onReceiveStatus(status: StatusObject): void {
    const { listener } = this;
    this.listener = undefined;
    listener?.onReceiveStatus(status);
  }
}
