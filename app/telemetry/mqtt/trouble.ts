import type { Ending } from './protocol-choice.ts';

/** Why there is no connection. */
export interface Trouble {
  /**
   * away: nobody answers, or not now. refused: the broker knows who asks, and says no. untrusted:
   * the broker does not prove to be the one that was meant.
   */
  kind: 'away' | 'refused' | 'untrusted';
  reason: string;
  ending: Ending;
}

/** CONNACK of MQTT 3.1.1 (section 3.2.2.3) and of MQTT 5 (section 3.2.2.2). */
const WRONG_VERSION = [1, 132];
const REFUSED = [2, 4, 5, 133, 134, 135, 138, 140];

const UNTRUSTED =
  /^(ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|HOSTNAME_MISMATCH)/;

/** What an error of the connection means. `wasUp`: the broker had accepted the connection. */
export function troubleOf(error: Error, wasUp: boolean): Trouble {
  const code = 'code' in error ? error.code : undefined;
  const reason = error.message === '' ? String(code) : error.message;
  if (typeof code === 'number') {
    if (!wasUp && WRONG_VERSION.includes(code)) return { kind: 'away', reason, ending: 'version' };
    return { kind: REFUSED.includes(code) ? 'refused' : 'away', reason, ending: 'other' };
  }
  const name = String(code);
  if (UNTRUSTED.test(name)) return { kind: 'untrusted', reason, ending: 'other' };
  // An alert is how the other side of TLS says no, for one to a certificate of this device.
  if (/^ERR_SSL_.*ALERT/.test(name)) return { kind: 'refused', reason, ending: 'other' };
  const unanswered = !wasUp && name === 'ECONNRESET';
  return { kind: 'away', reason, ending: unanswered ? 'unanswered' : 'other' };
}

/** One line for the user, with what to do. */
export function describeTrouble(url: string, { kind, reason }: Trouble): string {
  const what = reason.replace(/^Connection refused: /, '').replace(/\s*\n\s*/g, '; ');
  switch (kind) {
    case 'refused':
      return `broker ${url} refuses this device (${what}): check mqtt.username, its password and certificate`;
    case 'untrusted':
      return `broker ${url} is not trusted (${what}): check mqtt.tls.ca and mqtt.tls.server_name`;
    case 'away':
      return `broker ${url} is away (${what}): the stream goes on, trying again`;
  }
}
