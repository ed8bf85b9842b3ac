// The close codes with a meaning of their own.

export const WsCloseCode = Object.freeze({
  GoingAway: 1001,
  PolicyViolation: 1008,
  MessageTooBig: 1009,
  ClientInactivity: 4000,
  InvalidToken: 4001,
  TokenExpired: 4002,
  ChannelNotAuthorized: 4003,
  OverConcurrentLimit: 4010,
  OverMessageRate: 4011,
  AccountSuspended: 4012,
  AdminDisconnect: 4020,
});
