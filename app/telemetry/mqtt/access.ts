import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { MqttConfig } from '../../config/config.ts';
import { brokerAddress } from './broker-address.ts';

/** What a broker lets this device in by, and what this device trusts the broker by. */
export interface Access {
  username: string | null;
  password: string | null;
  tls: { ca?: Buffer; cert?: Buffer; key?: Buffer; servername?: string };
}

export type AccessConfig = Pick<
  MqttConfig,
  'broker' | 'username' | 'password' | 'password_file' | 'tls'
>;

/** The names under which systemd's `LoadCredential=` hands them over. */
const CREDENTIALS = { username: 'mqtt_username', password: 'mqtt_password' };

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function read(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const what = `${setting} ${file}: cannot be read (${reasonOf(error)})`;
    throw new Error(`${what}; name a file that this user may read`);
  }
}

/** The text of a file without the end of its line. */
function readSecret(setting: string, file: string): string {
  const text = read(setting, file)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (text === '' || /[\r\n]/.test(text)) {
    throw new Error(`${setting} ${file}: must hold one line, and nothing else`);
  }
  return text;
}

/** Null where the service manager gives none of this name. */
function credential(folder: string | undefined, name: string): string | null {
  if (folder === undefined) return null;
  const file = join(folder, name);
  try {
    readFileSync(file);
  } catch (error) {
    if (reasonOf(error) === 'ENOENT') return null;
  }
  return readSecret('the credential', file);
}

function passwordOf(config: AccessConfig, folder: string | undefined): string | null {
  const { password, password_file: file } = config;
  if (password !== null && file !== null) {
    throw new Error('mqtt.password and mqtt.password_file are both given: give one of them');
  }
  if (file !== null) return readSecret('mqtt.password_file', file);
  if (password !== null) return password;
  return brokerPart(config, 'password') ?? credential(folder, CREDENTIALS.password);
}

function brokerPart({ broker }: AccessConfig, part: 'username' | 'password'): string | null {
  return URL.canParse(broker) ? brokerAddress(broker)[part] : null;
}

function tlsOf({ broker, tls }: AccessConfig): Access['tls'] {
  const { ca, certificate, key, server_name: servername } = tls;
  const given = Object.entries(tls).find(([, value]) => value !== null);
  if (given === undefined) return {};
  const address = URL.canParse(broker) ? brokerAddress(broker) : null;
  if (address?.encrypted !== true) {
    const shown = address?.url ?? broker;
    throw new Error(
      `mqtt.tls.${given[0]} is set, and mqtt.broker ${shown} is not encrypted: use mqtts:// or wss://`,
    );
  }
  if ((certificate === null) !== (key === null)) {
    const missing = key === null ? 'key' : 'certificate';
    throw new Error(`mqtt.tls.${missing} is missing: a certificate and its key go together`);
  }
  return {
    ...(ca === null ? {} : { ca: read('mqtt.tls.ca', ca) }),
    ...(certificate === null ? {} : { cert: read('mqtt.tls.certificate', certificate) }),
    ...(key === null ? {} : { key: read('mqtt.tls.key', key) }),
    ...(servername === null ? {} : { servername }),
  };
}

function checkTls({ tls }: AccessConfig, { ca, cert, key }: Access['tls']): void {
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`mqtt.tls.ca ${tls.ca}: holds no certificate in PEM`);
  }
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert, key }),
    });
  } catch (error) {
    const files = cert === undefined ? `ca ${tls.ca}` : `certificate and key ${tls.key}`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`mqtt.tls.${files}: cannot be used (${reason}); give unencrypted PEM files`);
  }
}

/**
 * Reads it anew, so that a password or certificate that was renewed holds from the next connection
 * on. `folder` is the service manager's, in `$CREDENTIALS_DIRECTORY`. Throws one line that names the
 * setting where something is missing or does not fit.
 */
export function readAccess(config: AccessConfig, folder: string | undefined): Access {
  const tls = tlsOf(config);
  checkTls(config, tls);
  const username =
    config.username ?? brokerPart(config, 'username') ?? credential(folder, CREDENTIALS.username);
  const password = passwordOf(config, folder);
  if (password !== null && username === null) {
    throw new Error('mqtt.username is missing: a password alone is not enough for every broker');
  }
  return { username, password, tls };
}
