import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { has, type Layer } from './layer.ts';
import { formatPath, type Path } from './settings.ts';

const NEIGHBOUR = ['parking', 'neighbour'] as const;
const WHICH = [
  [...NEIGHBOUR, 'url'],
  [...NEIGHBOUR, 'discover'],
] as const;

/** Settings that are each right and do not go together. Throws a ConfigError about the first. */
export function agree(config: Config, layers: readonly Layer[]): Config {
  const { neighbour, lend } = config.parking;
  const written = (path: Path) => layers.some((layer) => has(layer, path));
  const refuse = (path: Path, what: string) => {
    const layer = layers.findLast((candidate) => has(candidate, path));
    throw new ConfigError(`${layer?.subject(path) ?? formatPath(path)} ${what}`, layer?.usage);
  };
  if (neighbour.url !== null && neighbour.discover) {
    refuse(WHICH[1], 'and parking.neighbour.url are both given: give one of them');
  }
  if (written(NEIGHBOUR) && !WHICH.some(written)) {
    refuse(NEIGHBOUR, 'has neither url nor discover: give one of them');
  }
  if (neighbour.discover && neighbour.ca === null) {
    refuse(
      WHICH[1],
      'needs parking.neighbour.ca: whoever announces a server would be given user and password, ' +
        'if the authority that vouches for yours were not named',
    );
  }
  const announces = lend.mb > 0 && lend.announce !== null;
  const { broker } = config.mqtt;
  const alone = broker === 'none' || broker === 'embedded';
  const withOthers = neighbour.discover ? WHICH[1] : ['parking', 'lend', 'announce'];
  if (alone && (neighbour.discover || announces)) {
    refuse(
      withOthers,
      `needs a broker that other boards reach, and mqtt.broker is ${broker}: name the house's`,
    );
  }
  return config;
}
