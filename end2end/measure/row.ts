/** Prints a row of the table that the measurements make. */
export function row(name: string, figure: string): void {
  console.log(`| ${name} | ${figure} |`);
}
