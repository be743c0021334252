/** What a bench found. Every figure has its unit and the command that made it. */
export interface BenchResult {
  bench: string;
  /** One sentence: what was compared, and how. */
  about: string;
  command: string;
  machine: Machine;
  tables: BenchTable[];
  targets: Target[];
  /** What a reader must know to judge the figures; one sentence each. */
  notes: string[];
  seconds: number;
}

/** Where the figures were made. */
export interface Machine {
  processor: string;
  cores: number;
  memory_bytes: number;
  kernel: string;
  page_bytes: number;
  /** As the kernel offers them for shared memory: `never`, `advise`, `always`, `unknown`. */
  shmem_huge_pages: string;
  node: string;
}

/** Rows of one unit, each contender in every one of them. */
export interface BenchTable {
  id: string;
  title: string;
  unit: string;
  better: 'less' | 'more';
  /** Page cache: what state the model files were in; null where no file is read. */
  cache: 'warm' | 'cold' | null;
  contenders: Contender[];
  rows: BenchRow[];
}

export interface Contender {
  id: string;
  title: string;
}

export interface BenchRow {
  label: string;
  /** By contender; absent where it could not take part, and a note says why. */
  cells: Record<string, Cell>;
}

export interface Cell {
  median: number;
  p95: number;
  p99: number;
  worst: number;
  samples: number;
  /** Its median over ours; null for ours, and where ours is 0 or absent. */
  ratio: number | null;
}

/** What was wanted, what came out. */
export interface Target {
  what: string;
  relation: 'at most' | 'at least';
  wanted: number;
  /** Null where it could not be measured; then it is not reached. */
  measured: number | null;
  reached: boolean;
}

export const OURS = 'edgepool';
