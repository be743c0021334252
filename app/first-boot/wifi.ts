import type { Secret } from './secrets.ts';

export interface Wifi {
  country: string;
  ssid: string;
  hidden?: boolean;
}

/** The line of a configuration that holds the key: as a passphrase in quotes, or as 64 digits. */
const PSK = /^\tpsk=(.*)$/m;

function pskOf(secret: Secret, before: string): string | null {
  if (secret.state === 'kept') return PSK.exec(before)?.[1] ?? null;
  if (secret.state === 'absent') return null;
  return /^[0-9a-fA-F]{64}$/.test(secret.value) ? secret.value : `"${secret.value}"`;
}

/**
 * The text of wpa_supplicant.conf(5) for one network: WPA2 and WPA3, or an open one where there is
 * no password. Null where the password is said to be on the board already, and is not in `before`.
 */
export function wifiText(wifi: Wifi, secret: Secret, before: string): string | null {
  const psk = pskOf(secret, before);
  if (secret.state === 'kept' && psk === null) return null;
  // Protected management frames where the network has them: WPA3 asks for them.
  const security =
    psk === null
      ? ['key_mgmt=NONE']
      : [`psk=${psk}`, 'key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE', 'ieee80211w=1'];
  const network = [
    // In hexadecimal, because a name may have any bytes.
    `ssid=${Buffer.from(wifi.ssid).toString('hex')}`,
    ...(wifi.hidden ? ['scan_ssid=1'] : []),
    ...security,
  ];
  const lines = [
    `# ${wifi.ssid.replace(/[^\x20-\x7e]/g, '?')}`,
    `country=${wifi.country}`,
    'network={',
    ...network.map((line) => `\t${line}`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
