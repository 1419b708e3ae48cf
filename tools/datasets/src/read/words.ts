/** As "1,234,567". */
export const count = (value: number) => value.toLocaleString('en-US');

/** As "1 row" and "2,000 rows". */
export const counted = (value: number, what: string) => `${count(value)} ${value === 1 ? what : `${what}s`}`;
