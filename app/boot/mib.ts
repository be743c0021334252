export const MIB = 2 ** 20;

/** Whole bytes of a setting in MiB, which may have a fraction. */
export const bytesOf = (mib: number): number => Math.round(mib * MIB);
