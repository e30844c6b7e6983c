/** What one client may cost before anything is known about it. */
export type HttpLimits = {
  /** From the first byte, or from the connection, to the end of the header block. */
  readonly headersTimeoutMs: number;
  /** From the first byte to the end of the body. */
  readonly requestTimeoutMs: number;
  /** How often the two limits above are looked at. */
  readonly connectionCheckMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long an answer may wait without anybody taking a byte of it. */
  readonly stalledTimeoutMs: number;
  readonly maxConnections: number;
  /** 0 = no limit, as behind a proxy, where every client has the proxy's address. */
  readonly maxConnectionsPerAddress: number;
  readonly maxRequestsPerConnection: number;
  readonly maxHeaders: number;
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
};
