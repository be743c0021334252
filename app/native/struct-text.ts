import koffi from 'koffi';

/** A `char` array that arrives as a string. */
export const text = (length: number) => koffi.array('char', length, 'String');
