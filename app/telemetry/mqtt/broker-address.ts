/** A broker's URL, taken apart so that what is shown of it holds no password. */
export interface BrokerAddress {
  /** Without user and password. */
  url: string;
  username: string | null;
  password: string | null;
  encrypted: boolean;
  /** On this machine: nobody else hears what is sent. */
  local: boolean;
}

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export function brokerAddress(url: string): BrokerAddress {
  const { protocol, host, hostname, pathname, search, username, password } = new URL(url);
  return {
    url: `${protocol}//${host}${pathname === '/' ? '' : pathname}${search}`,
    username: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
    encrypted: protocol === 'mqtts:' || protocol === 'wss:',
    local: LOCAL.test(hostname),
  };
}
