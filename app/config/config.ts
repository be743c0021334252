/**
 * The configuration after defaults and validation. The schema is the source of these types; what
 * each setting means stands there.
 */
import type { FromSchema } from './from-schema.ts';
import type { schema } from './schema.ts';

type Derived = FromSchema<typeof schema>;

export interface Config extends Derived {}
export type RegionConfig = Config['region'];
export type SourceConfig = Config['source'];
export type ModelConfig = Config['models'][number];
export type MqttConfig = Config['mqtt'];
export type ControlConfig = Config['control'];
export type DashboardConfig = Config['dashboard'];
export type Fit = ModelConfig['fit'];
export type LockMode = RegionConfig['lock'];
export type PageMode = RegionConfig['pages'];
export type LogLevel = Config['log_level'];
