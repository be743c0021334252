/**
 * The rooms of `app/` stand on floors, highest first. An import goes down: never up, never to
 * another room of the same floor, never in a circle.
 */
const floors = [
  ['cli'],
  ['main.ts'],
  ['boot'],
  ['boot'],
  ['control'],
  ['bench'],
  ['pipeline', 'analysis', 'parking', 'first-boot'],
  ['models', 'frames', 'telemetry', 'dashboard'],
  ['memory'],
  ['native', 'stats', 'config', 'drawing'],
];

/** The pattern of a room's files: a folder, or one file. */
const pathOf = (room) => (room.includes('.') ? `^app/${room}$` : `^app/${room}/`);

const floorRules = floors.flatMap((rooms, index) =>
  rooms.map((room) => {
    const higherOrBeside = floors
      .slice(0, index + 1)
      .flat()
      .filter((other) => other !== room);
    return {
      name: `${room} imports downwards`,
      severity: 'error',
      from: { path: pathOf(room) },
      to: { path: higherOrBeside.map(pathOf) },
    };
  }),
);

const rooms = floors.flat().map(pathOf);

module.exports = {
  forbidden: [
    ...floorRules.filter((rule) => rule.to.path.length > 0),
    {
      name: 'no circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every file of app is in a room',
      severity: 'error',
      from: { path: '^app/', pathNot: rooms },
      to: {},
    },
    {
      name: 'telemetry and dashboard import nothing that acts',
      severity: 'error',
      from: { path: '^app/(telemetry|dashboard)/' },
      to: { path: '^app/', pathNot: '^app/(telemetry|dashboard|stats|config)/' },
    },
    {
      name: 'stats, config, native and drawing import no room',
      severity: 'error',
      from: { path: '^app/(stats|config|native|drawing)/' },
      to: { path: '^app/', pathNot: '^app/$1/' },
    },
    {
      name: 'app imports no tests and no scripts',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'app needs no development package',
      severity: 'error',
      from: { path: '^app/', pathNot: '^app/bench/' },
      // tfjs belongs to the program that makes tensors with it.
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@(types|tensorflow/tfjs-core)/' },
    },
    {
      name: 'everything is found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
